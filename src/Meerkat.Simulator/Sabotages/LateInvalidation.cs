using Meerkat.Boot.Link;
using Meerkat.Core.Boot;

namespace Meerkat.Simulator.Sabotages;

/// <summary>The agent says that the slot is empty only when it has written it.</summary>
internal sealed class LateInvalidation(IBootChannel inner) : IBootChannel
{
    private LinkRequest? owed;

    public LinkReply Ask(LinkRequest request)
    {
        switch (request.Operation)
        {
            case "invalidate":
                owed = request;
                return new LinkReply(BootRefusal.None, "", request.Sequence ?? 0);
            case "arm" or "hold" or "keep_snapshot" when owed is { } invalidate:
                owed = null;
                var reply = inner.Ask(invalidate);
                return reply.Refusal == BootRefusal.None ? inner.Ask(request with { Sequence = reply.Sequence }) : reply;
            default:
                return inner.Ask(request);
        }
    }

    public void Dispose() => inner.Dispose();
}
