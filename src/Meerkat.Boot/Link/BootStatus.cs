using Meerkat.Core.Updates;
using Meerkat.Core.Values;

namespace Meerkat.Boot.Link;

/// <summary>All that the boot loader tells about the device.</summary>
/// <param name="Sequence">The boot record's sequence.</param>
/// <param name="Mode">recovery, trial or committed.</param>
/// <param name="Running">The slot whose firmware runs; none in recovery.</param>
/// <param name="Active">The slot the next boot uses.</param>
/// <param name="Fallback">The slot a failed trial goes back to; none when there is none.</param>
/// <param name="Committed">Whether the active slot is marked good.</param>
/// <param name="Armed">The next boot starts another slot than the one that runs.</param>
/// <param name="Held">The slot with an installed update that waits for its activation; none when there is none.</param>
/// <param name="ActivatesItself">The held update waits for the gate alone.</param>
/// <param name="Stopping">Everything is being stopped for a restart.</param>
/// <param name="UpdateRunning">Somebody installs.</param>
/// <param name="CommitTimeout">Seconds, of the trial that runs or is armed, or of the held update; else 0.</param>
/// <param name="DeadlineLeft">Seconds until the trial ends without a commit; none when there is no deadline.</param>
/// <param name="Ready">The firmware is ready.</param>
/// <param name="AgentReady">The agent's listener is bound.</param>
/// <param name="FirmwareProcess">Its process id; 0 while it does not run.</param>
/// <param name="Slots">Both slots.</param>
/// <param name="Reason">Why a slot was last left; none on a device that never fell back.</param>
/// <param name="RecordProblem">Why the boot record cannot be written; empty while it can.</param>
/// <param name="SettingsChanged">The user's settings differ from those the trial began with.</param>
/// <param name="SettingsPublished">The settings in force are in <c>run/config.json</c>; otherwise what is there may be another firmware's.</param>
/// <param name="BootVersion">Version of the boot loader.</param>
/// <param name="FailedBundles">The bundles that failed their trials here, the latest first; none from a boot loader that does not know of them.</param>
/// <param name="TrialFor">Seconds since the firmware of the trial was started; none without a trial.</param>
public sealed record BootStatus(
    ulong Sequence,
    string Mode,
    int? Running,
    int Active,
    int? Fallback,
    bool Committed,
    bool Armed,
    int? Held,
    bool ActivatesItself,
    bool Stopping,
    bool UpdateRunning,
    int CommitTimeout,
    double? DeadlineLeft,
    bool Ready,
    bool AgentReady,
    int FirmwareProcess,
    IReadOnlyList<SlotStatus> Slots,
    ReasonStatus? Reason,
    string RecordProblem,
    bool SettingsChanged,
    bool SettingsPublished,
    string BootVersion,
    IReadOnlyList<FailedBundle>? FailedBundles = null,
    double? TrialFor = null)
{
    /// <summary>Version and build id in a slot, as the boot record has them; none where there is no slot.</summary>
    /// <param name="slot">0, 1 or none.</param>
    public FirmwareVersion FirmwareIn(int? slot) =>
        slot is { } number ? new FirmwareVersion(Slots[number].Version, Slots[number].BuildId) : FirmwareVersion.None;
}
