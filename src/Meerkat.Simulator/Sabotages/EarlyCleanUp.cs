using Meerkat.Boot.Link;
using Meerkat.Core.Boot;
using Meerkat.Storage;

namespace Meerkat.Simulator.Sabotages;

/// <summary>The old firmware's files go as soon as the new one is committed in word, before it is in the record.</summary>
internal sealed class EarlyCleanUp(IBootChannel inner, IVolume medium) : IBootChannel
{
    public LinkReply Ask(LinkRequest request)
    {
        if (request.Operation == "commit" && inner.Ask(new LinkRequest("status")).Status is { Fallback: { } fallback })
        {
            medium.RemoveTree(FormattableString.Invariant($"slots/{fallback}/fs"));
        }
        return inner.Ask(request);
    }

    public void Dispose() => inner.Dispose();
}
