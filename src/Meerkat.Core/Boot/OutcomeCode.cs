namespace Meerkat.Core.Boot;

/// <summary>Why a slot was left. Numbers are stored; never reuse one.</summary>
public enum OutcomeCode : ushort
{
    None = 0,
    NoCommit = 1,
    Exited = 2,
    Signaled = 3,
    NotReady = 4,
    WatchdogStarved = 5,
    Reverted = 6,
    BootLoaderStopped = 7,
    PowerLost = 8,
    MergeFailed = 9,
    ImageBroken = 10,
    NewImageBroken = 11,
    AgentNotReady = 12,
    RecordNotWritable = 13,
    TooManyCrashes = 14,
    RestartForced = 15,
    StartFailed = 16,
    AgentUnusable = 17,
    RecordLost = 18,
    HealthFailed = 19,
}
