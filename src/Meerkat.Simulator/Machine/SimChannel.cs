using Meerkat.Boot;
using Meerkat.Boot.Link;
using Meerkat.Simulator.Medium;

namespace Meerkat.Simulator.Machine;

/// <summary>A connection of the simulated agent to the simulated boot loader; it closes with the agent.</summary>
/// <param name="callers">The boot loader's side.</param>
/// <param name="connection">Its number.</param>
/// <param name="lives">Whether the agent lives.</param>
/// <param name="asks">Told of each operation before it is asked for.</param>
internal sealed class SimChannel(LinkCallers callers, long connection, Func<bool> lives, Action<string> asks) : IBootChannel
{
    private bool closed;

    public LinkReply Ask(LinkRequest request)
    {
        if (!lives())
        {
            throw new ProcessEndedException();
        }
        asks(request.Operation);
        var reply = callers.Ask(connection, request);
        return lives() ? reply : throw new ProcessEndedException();
    }

    public void Dispose()
    {
        if (!closed)
        {
            closed = true;
            callers.Gone(connection);
        }
    }
}
