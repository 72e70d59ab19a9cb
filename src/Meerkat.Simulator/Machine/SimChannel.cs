using Meerkat.Boot;
using Meerkat.Boot.Link;
using Meerkat.Simulator.Medium;

namespace Meerkat.Simulator.Machine;

/// <summary>A connection of the simulated agent to the simulated boot loader; it closes with the agent.</summary>
internal sealed class SimChannel(LinkCallers callers, long connection, Func<bool> lives) : IBootChannel
{
    private bool closed;

    public LinkReply Ask(LinkRequest request)
    {
        if (!lives())
        {
            throw new ProcessEndedException();
        }
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
