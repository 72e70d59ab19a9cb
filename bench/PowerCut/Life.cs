using Meerkat.Core.Boot;

namespace Meerkat.Bench.PowerCut;

/// <summary>
/// What the device of guest/init had been asked and had answered at a point of its life, and so what must hold after a cut there:
/// all that was answered; of what was asked and not answered either the old or the new.
/// </summary>
internal sealed class Life
{
    private static readonly (string Step, string Value)[] Notes =
        [("init", "none"), ("set-1", "one"), ("set-2", "two"), ("set-3", "three"), ("set-4", "four"), ("set-5", "five")];

    private static readonly (string Step, string Value)[] Files =
        [("init", ""), ("put-1", "1"), ("put-2", "2"), ("put-3", "3")];

    private readonly HashSet<string> marks = [];

    /// <summary>The last thing that was heard.</summary>
    public string Last { get; private set; } = "start";

    /// <summary>Before that nothing has been promised.</summary>
    public bool IsMade => Done("init");

    /// <summary>What the setting life.note may be.</summary>
    public IReadOnlyList<string> NoteAllowed => Allowed(Notes);

    /// <summary>Which notes the user's file may hold; empty: there may be none.</summary>
    public IReadOnlyList<string> FileAllowed => Allowed(Files);

    public void Hear(string mark)
    {
        marks.Add(mark);
        Last = mark;
    }

    /// <summary>Why a boot after a cut here may not decide so; none when it may.</summary>
    /// <param name="mode">As what the slot is started.</param>
    /// <param name="version">Of the slot that is started.</param>
    /// <param name="reason">Why a slot was last left.</param>
    public string? Refuses(RunMode mode, string version, BootOutcome? reason)
    {
        var allowed = Boots().ToList();
        return allowed.Any(each => each.Mode == mode && each.Version == version && (each.Left is null || each.Left == reason?.Version) && (each.Code is null || each.Code == reason?.Code))
            ? null
            : $"{mode} {version} starts (last left: {reason?.Version ?? "nothing"}{(reason is null ? "" : ", " + reason.Text)}); expected {string.Join(", or ", allowed)}";
    }

    /// <param name="Mode">As what it starts.</param>
    /// <param name="Version">What starts.</param>
    /// <param name="Left">The version that the record must say was left; none: it does not matter.</param>
    /// <param name="Code">Why, by the record; none: it does not matter.</param>
    private sealed record Boot(RunMode Mode, string Version, string? Left = null, OutcomeCode? Code = null)
    {
        public override string ToString() => $"{Mode} {Version}{(Left is null ? "" : $" having left {Left}")}{(Code is null ? "" : $" because {Code}")}";
    }

    private IEnumerable<Boot> Boots()
    {
        if (Done("update-4"))
        {
            yield return new Boot(RunMode.Committed, "4.0.0");
            yield break;
        }
        if (Begun("update-4"))
        {
            // One command that updates and commits: whatever it has come to.
            yield return new Boot(RunMode.Trial, "4.0.0");
            yield return new Boot(RunMode.Committed, "4.0.0");
            yield return new Boot(RunMode.Committed, "2.0.0");
            yield break;
        }
        if (Done("commit-2"))
        {
            var crashed = marks.Contains("seen fallback-3");
            if (Begun("update-3") && !crashed)
            {
                yield return new Boot(RunMode.Trial, "3.0.0");
            }
            yield return new Boot(RunMode.Committed, "2.0.0", Done("update-3") ? "3.0.0" : null, crashed ? OutcomeCode.Exited : null);
            yield break;
        }
        if (Begun("commit-2"))
        {
            yield return new Boot(RunMode.Committed, "2.0.0");
        }
        if (Begun("update-2") && !marks.Contains("seen trial-2"))
        {
            yield return new Boot(RunMode.Trial, "2.0.0");
        }
        yield return new Boot(RunMode.Committed, "1.0.0", Done("update-2") ? "2.0.0" : null);
    }

    private bool Begun(string step) => marks.Contains("begin " + step);

    private bool Done(string step) => marks.Contains("done " + step);

    /// <summary>The last value that was answered for, and those asked for since.</summary>
    private List<string> Allowed((string Step, string Value)[] values)
    {
        var last = Array.FindLastIndex(values, each => Done(each.Step));
        return [.. values.Where((each, index) => index == last || (index > last && Begun(each.Step))).Select(each => each.Value)];
    }
}
