using System.Security.Cryptography;
using Meerkat.Boot.Link;
using Meerkat.Core.Boot;
using Meerkat.Simulator.Machine;

namespace Meerkat.Simulator.Sabotages;

/// <summary>The agent arms an update as soon as the slot is empty, by what the manifest says of it.</summary>
internal sealed class EarlyArm(IBootChannel inner, Func<Release?> installing) : IBootChannel
{
    private bool armed;

    public LinkReply Ask(LinkRequest request)
    {
        if (request.Operation == "arm" && armed)
        {
            return new LinkReply(BootRefusal.None, "", request.Sequence ?? 0);
        }
        var reply = inner.Ask(request);
        if (request.Operation != "invalidate" || reply.Refusal != BootRefusal.None || installing() is not { } release)
        {
            return reply;
        }
        armed = true;
        return inner.Ask(new LinkRequest(
            "arm",
            reply.Sequence,
            request.Slot,
            SimDevice.CommitTimeoutSeconds,
            Version: release.Version,
            BuildId: FormattableString.Invariant($"build-{release.Number}"),
            ImageSha256: Convert.ToHexStringLower(SHA256.HashData(release.Image)),
            ImageBytes: release.Image.Length));
    }

    public void Dispose() => inner.Dispose();
}
