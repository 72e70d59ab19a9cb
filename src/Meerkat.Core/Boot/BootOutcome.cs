using System.Globalization;
using System.Text;
using Meerkat.Core.Values;

namespace Meerkat.Core.Boot;

/// <summary>The reason of the last fall back, written in the same record as the decision, so that it is always true.</summary>
/// <param name="Code">What happened.</param>
/// <param name="Slot">The slot that was left.</param>
/// <param name="Version">The version in that slot; at most 64 UTF-8 bytes.</param>
/// <param name="Number">Code-dependent: seconds of the deadline, exit code, signal, attempts.</param>
/// <param name="RanFor">How long the firmware ran, where the code tells of an exit.</param>
/// <param name="At">When, by the device's clock (which may be wrong).</param>
/// <param name="Detail">Further words, e.g. of the operating system; at most 200 UTF-8 bytes are stored.</param>
/// <param name="SettingsLost">Settings that were changed during the trial went with it.</param>
/// <param name="Attempts">How often the trial had been started when it ended, 0 to 255; 0: never, or not known.</param>
public sealed record BootOutcome(
    OutcomeCode Code,
    SlotId Slot,
    string Version,
    long Number,
    TimeSpan RanFor,
    DateTimeOffset At,
    string Detail = "",
    bool SettingsLost = false,
    byte Attempts = 0)
{
    public const int MaxDetailBytes = 200;

    /// <summary>The code as machines read it: <c>no_commit</c>.</summary>
    public string Name
    {
        get
        {
            var name = new StringBuilder();
            foreach (var letter in Code.ToString())
            {
                if (char.IsUpper(letter) && name.Length > 0)
                {
                    name.Append('_');
                }
                name.Append(char.ToLowerInvariant(letter));
            }
            return name.ToString();
        }
    }

    /// <summary>The reason in words: <c>no commit within 300 s</c>.</summary>
    public string Text
    {
        get
        {
            var seconds = RanFor.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
            var text = Code switch
            {
                OutcomeCode.None => "none",
                OutcomeCode.NoCommit => Invariant($"no commit within {Number} s"),
                OutcomeCode.Exited => Invariant($"firmware exited with code {Number} after {seconds} s"),
                OutcomeCode.Signaled =>
                    Invariant($"firmware was killed by signal {Number} ({SignalName.Of(Number)}) after {seconds} s"),
                OutcomeCode.NotReady => Invariant($"firmware was not ready within {Number} s"),
                OutcomeCode.WatchdogStarved => Invariant($"firmware sent no watchdog ping for {Number} s"),
                OutcomeCode.Reverted => "reverted by command",
                OutcomeCode.BootLoaderStopped => "the boot loader was stopped during the trial (same kernel boot)",
                OutcomeCode.PowerLost => Attempts > 1
                    ? Invariant($"power was cut or the machine restarted in each of {Attempts} attempts of the trial")
                    : "power was cut or the machine restarted during the trial",
                OutcomeCode.MergeFailed => Number == 1
                    ? "the file systems could not be merged"
                    : Invariant($"the file systems could not be merged in {Number} attempts"),
                OutcomeCode.ImageBroken => "the committed image is damaged",
                OutcomeCode.NewImageBroken => "the new image is damaged",
                OutcomeCode.AgentNotReady => Invariant($"the agent was not reachable within {Number} s"),
                OutcomeCode.RecordNotWritable => "the boot record is not writable",
                OutcomeCode.TooManyCrashes => Invariant($"firmware crashed {Number} times in a row"),
                OutcomeCode.RestartForced => "a restart was forced during the trial",
                OutcomeCode.StartFailed => "firmware could not be started",
                OutcomeCode.AgentUnusable => "the agent cannot work with the new configuration",
                OutcomeCode.RecordLost => "both copies of the boot record were unreadable",
                OutcomeCode.HealthFailed => Number > 0
                    ? Invariant($"the health contract did not hold within {Number} s")
                    : "the health contract cannot hold",
                _ => Invariant($"reason {(int)Code}, which a newer version wrote"),
            };
            text = Attempts > 1 && Code != OutcomeCode.PowerLost ? Invariant($"{text}, in attempt {Attempts} of the trial") : text;
            text = Detail.Length == 0 ? text : $"{text}: {Detail}";
            return SettingsLost ? text + "; settings changed during the trial were lost with it" : text;
        }
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
