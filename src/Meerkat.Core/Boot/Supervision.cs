using System.Collections.Immutable;
using Meerkat.Core.Values;

namespace Meerkat.Core.Boot;

/// <summary>
/// What the boot loader knows between the start of a slot and the next boot. Immutable; <see cref="SupervisionMachine"/>
/// makes the next one from an event.
/// </summary>
public sealed record Supervision
{
    public required SupervisionSettings Settings { get; init; }

    public required BootRecord Record { get; init; }

    public required RunMode Mode { get; init; }

    /// <summary>The slot whose firmware runs; none in recovery.</summary>
    public required SlotId? Running { get; init; }

    public FirmwarePhase Firmware { get; init; } = FirmwarePhase.Absent;

    /// <summary>When the firmware was started last.</summary>
    public TimeSpan StartedAt { get; init; }

    /// <summary>Since when the firmware has been ready.</summary>
    public TimeSpan? ReadySince { get; init; }

    /// <summary>The last watchdog ping; none: the firmware does not use the watchdog.</summary>
    public TimeSpan? LastPing { get; init; }

    /// <summary>When a firmware that ended is started again.</summary>
    public TimeSpan? StartAgainAt { get; init; }

    /// <summary>Ends of a committed firmware in a row, each before it had run well for a minute.</summary>
    public int Crashes { get; init; }

    public bool AgentReady { get; init; }

    /// <summary>When the agent was started last.</summary>
    public TimeSpan AgentStartedAt { get; init; }

    /// <summary>Since when the agent has not been reachable; meaningful while it is not ready.</summary>
    public TimeSpan AgentDownSince { get; init; }

    /// <summary>When an agent that ended is started again.</summary>
    public TimeSpan? StartAgentAgainAt { get; init; }

    public int AgentCrashes { get; init; }

    /// <summary>The connection that installs; none when no update runs.</summary>
    public long? Lease { get; init; }

    /// <summary>What follows when everything has been stopped; none while nothing is being stopped.</summary>
    public SupervisionEffect? AfterStop { get; init; }

    /// <summary>Whether the user's settings differ from those the trial began with. Told by the supervisor before each step.</summary>
    public bool SettingsChanged { get; init; }

    /// <summary>How long the trial may take by the firmware's health contract; none without one.</summary>
    public TimeSpan? HealthMaxTime { get; init; }

    /// <summary>What of the health contract does not hold, as the agent told last; empty when all of it holds or nothing was told.</summary>
    public string HealthProblem { get; init; } = "";

    /// <summary>Whether the settings in force could be published at the boot.</summary>
    public bool SettingsPublished { get; init; } = true;

    /// <summary>Why the record cannot be written; empty while it can.</summary>
    public string RecordProblem { get; init; } = "";

    /// <summary>
    /// Why the active slot was given up, when the record could not say so: told by the boot that runs another slot, or kept for the
    /// boot that follows.
    /// </summary>
    public BootOutcome? Unrecorded { get; init; }

    /// <summary>When that is tried again to be recorded; the firmware that runs is not disturbed by it.</summary>
    public TimeSpan? RecordAgainAt { get; init; }

    public bool Stopping => AfterStop is not null;

    /// <summary>An update was armed while this runs, with no firmware running.</summary>
    public bool ArmedInRecovery { get; init; }

    /// <summary>
    /// The next boot starts another slot than the one that runs: an update was armed, or the boot state set by hand. In recovery the
    /// record alone does not tell: a trial slot that is broken, with a broken fallback, also leaves it uncommitted, and must not stand in
    /// the way of an update. While a trial that was given up is being stopped, nothing is armed.
    /// </summary>
    public bool Armed => Running is { } running
        ? Record.Active != running && !(Stopping && Record.Committed)
        : ArmedInRecovery && !Record.Committed;

    /// <summary>The slot with an update that waits for its activation; none when there is none.</summary>
    public SlotId? Held => Armed ? null : Record.Held;

    /// <summary>A trial runs that has something to fall back to.</summary>
    public bool CanFallBack => Mode == RunMode.Trial && Record.Fallback is not null;

    /// <summary>The end of the trial, when it has one.</summary>
    public TimeSpan? CommitDeadline => CanFallBack && CommitTimeoutSeconds > 0
        ? StartedAt + TimeSpan.FromSeconds(CommitTimeoutSeconds)
        : null;

    /// <summary>
    /// The commit timeout in force: the update's own, and in a trial no longer than the longest time of the health contract; 0: it
    /// commits by itself when it is ready.
    /// </summary>
    public int CommitTimeoutSeconds => (Record.CommitTimeoutSeconds, Mode, HealthMaxTime) switch
    {
        (0, RunMode.Trial, { } most) => (int)most.TotalSeconds,
        (var own, RunMode.Trial, { } most) => Math.Min(own, (int)most.TotalSeconds),
        var (own, _, _) => own,
    };

    /// <summary>The first moment at which <see cref="SupervisionEvent.TimePassed"/> can matter.</summary>
    public TimeSpan? NextDeadline
    {
        get
        {
            if (Stopping)
            {
                return null;
            }
            ImmutableArray<TimeSpan?> deadlines =
            [
                CommitDeadline, ReadyDeadline, AliveAt, AgentDeadline, CommitsItselfAt, WatchdogDeadline,
                StartAgainAt, StartAgentAgainAt, RecordAgainAt,
            ];
            return deadlines.Min();
        }
    }

    internal TimeSpan? ReadyDeadline => Firmware == FirmwarePhase.Starting && Settings.Ready == ReadyMode.Notify
        ? StartedAt + Settings.ReadyTimeout
        : null;

    internal TimeSpan? AliveAt => Firmware == FirmwarePhase.Starting && Settings.Ready == ReadyMode.Alive
        ? StartedAt + Settings.ReadyAfter
        : null;

    internal TimeSpan? AgentDeadline => CanFallBack && !AgentReady && !Settings.AgentEmbedded
        ? AgentDownSince + Settings.ReadyTimeout
        : null;

    internal TimeSpan? WatchdogDeadline =>
        Firmware == FirmwarePhase.Ready && Settings.Watchdog > TimeSpan.Zero && LastPing is { } ping
            ? ping + Settings.Watchdog
            : null;

    internal TimeSpan? CommitsItselfAt =>
        Mode == RunMode.Trial && CommitDeadline is null && ReadySince is { } since
        && (AgentReady || Settings.AgentEmbedded)
            ? since + Settings.Settle
            : null;
}
