using System.Collections.Immutable;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Watching;

/// <summary>What <c>--until</c> waits for.</summary>
internal sealed record WatchGoal(string Word)
{
    public const string Committed = "committed";

    public static ImmutableArray<string> Words { get; } =
        [Committed, "idle", "receiving", "writing", "verifying", "held", "armed", "trial", "recovery"];

    /// <summary>Falling back into recovery is what is waited for.</summary>
    public bool IsRecovery => Word == "recovery";

    /// <summary>Committed is more than idle by a word only: both mean that nothing is under way.</summary>
    public bool IsReached(OtaStatus status) => Word == Committed
        ? status is { IsCommitted: true, AwaitsRestart: false, PhaseWord: "idle" }
        : status.PhaseWord == Word;
}
