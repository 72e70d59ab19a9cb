using System.Runtime.ExceptionServices;

namespace Meerkat.Simulator.Search;

/// <summary>
/// Runs a simulation in a thread of its own: where a caller brings a synchronization context, what follows an await would run elsewhere
/// and at another time, and no life would be the same twice.
/// </summary>
internal static class OwnThread
{
    public static T Run<T>(Func<T> simulation)
    {
        T result = default!;
        ExceptionDispatchInfo? fault = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = simulation();
            }
            catch (Exception thrown)
            {
                fault = ExceptionDispatchInfo.Capture(thrown);
            }
        });
        thread.Start();
        thread.Join();
        fault?.Throw();
        return result;
    }
}
