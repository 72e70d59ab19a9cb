using System.Collections.Concurrent;

namespace Meerkat.Device.Access;

/// <summary>Tells what keeps people out once, not at each request, and again when it has changed.</summary>
public sealed class AccessLog(Action<string> log)
{
    private readonly ConcurrentDictionary<string, string> told = new(StringComparer.Ordinal);

    /// <param name="setting">What it is about: <c>rpc.acl</c>.</param>
    /// <param name="problem">What is wrong and what that means; empty for nothing.</param>
    public void Tell(string setting, string problem)
    {
        if (told.TryGetValue(setting, out var before) ? before == problem : problem.Length == 0)
        {
            return;
        }
        told[setting] = problem;
        log(problem.Length > 0 ? $"WARNING: {setting}: {problem}" : $"{setting}: can be used again");
    }
}
