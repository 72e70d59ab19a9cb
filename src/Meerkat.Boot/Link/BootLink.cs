using System.Net.Sockets;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Boot.Link;

/// <summary>
/// The agent's side of the boot socket. One connection; while an installation runs it is also its lease: when it closes,
/// the next installer gets its turn. One caller at a time.
/// </summary>
public sealed class BootLink(IBootChannel channel) : IDisposable
{
    public const string SocketPath = "run/boot.sock";

    /// <exception cref="SocketException">No boot loader runs on this root.</exception>
    public static BootLink Connect(string root) => new(SocketChannel.Connect(Path.Combine(root, SocketPath)));

    /// <exception cref="IOException">The boot loader is gone. So for every request.</exception>
    public BootStatus Status() => Ask(new LinkRequest("status")).Status
        ?? throw new IOException("the boot loader answered a status request without a status");

    public LinkReply Invalidate(ulong sequence, SlotId slot) =>
        Ask(new LinkRequest("invalidate", sequence, slot.Number));

    public LinkReply Arm(ulong sequence, SlotId slot, SlotRecord installed, int commitTimeoutSeconds) =>
        Ask(Installed("arm", sequence, slot, installed, commitTimeoutSeconds));

    /// <summary>In place of <see cref="Arm"/>: the update waits to be activated.</summary>
    public LinkReply Hold(ulong sequence, SlotId slot, SlotRecord installed, int commitTimeoutSeconds, bool activatesItself) =>
        Ask(Installed("hold", sequence, slot, installed, commitTimeoutSeconds) with { ActivatesItself = activatesItself });

    /// <param name="sequence">The record's, on which the activation was decided.</param>
    /// <param name="commitTimeoutSeconds">None: the one that the update was installed with.</param>
    public LinkReply Activate(ulong sequence, int? commitTimeoutSeconds) =>
        Ask(new LinkRequest("activate", sequence, CommitTimeout: commitTimeoutSeconds));

    public LinkReply KeepSnapshot(ulong sequence, SlotId slot, bool trial, int commitTimeoutSeconds) =>
        Ask(new LinkRequest("keep_snapshot", sequence, slot.Number, commitTimeoutSeconds, Trial: trial));

    public LinkReply SetState(BootStateChange change) => Ask(new LinkRequest(
        "set_state",
        Slot: change.Active?.Number,
        CommitTimeout: change.CommitTimeoutSeconds,
        Fallback: change.SetsFallback ? change.Fallback?.Number ?? -1 : null,
        Committed: change.Committed));

    /// <summary>Gives the lease of an installation back; when it returns, the next one may begin. Closing does the same, a moment later.</summary>
    public void Release() => Ask(new LinkRequest("release"));

    public LinkReply Commit() => Ask(new LinkRequest("commit"));

    /// <param name="sequence">The record's, on which this was decided; none: whatever it is.</param>
    public LinkReply Revert(ulong? sequence = null) => Ask(new LinkRequest("revert", sequence));

    /// <param name="problem">What of the health contract does not hold; empty when all of it does.</param>
    /// <param name="final">It cannot hold any more: the trial is given up at once.</param>
    public LinkReply Health(string problem, bool final) => Ask(new LinkRequest("health", Problem: problem, Final: final));

    public LinkReply Restart(bool force) => Ask(new LinkRequest("restart", Force: force));

    public void Dispose() => channel.Dispose();

    private static LinkRequest Installed(
        string operation, ulong sequence, SlotId slot, SlotRecord installed, int commitTimeoutSeconds) => new(
        operation,
        sequence,
        slot.Number,
        commitTimeoutSeconds,
        Version: installed.Version.Version,
        BuildId: installed.Version.BuildId,
        ImageSha256: installed.Image.ToString(),
        ImageBytes: installed.ImageBytes,
        Bundle: installed.Bundle.ToString());

    private LinkReply Ask(LinkRequest request) => channel.Ask(request);
}
