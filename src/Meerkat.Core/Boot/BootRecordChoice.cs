namespace Meerkat.Core.Boot;

/// <summary>Which of the two copies of the boot record counts. A pure function of both.</summary>
public abstract record BootRecordChoice
{
    private BootRecordChoice()
    {
    }

    /// <param name="Record">The record that counts.</param>
    /// <param name="Copy">Where it stands, 0 or 1; the next write goes to the other one.</param>
    /// <param name="Note">What is wrong with the other copy; empty when nothing is.</param>
    public sealed record Chosen(BootRecord Record, int Copy, string Note) : BootRecordChoice;

    /// <summary>Neither copy can be trusted: the slots' seals decide.</summary>
    public sealed record Lost(string Text) : BootRecordChoice;

    /// <summary>A newer program wrote here: nothing may be changed.</summary>
    public sealed record Refused(string Text) : BootRecordChoice;

    public static BootRecordChoice Of(BootRecordCopy copy0, BootRecordCopy copy1) => (copy0, copy1) switch
    {
        (BootRecordCopy.Unusable { Problem: BootRecordProblem.NewerFormat } newer, _) => new Refused("copy 0: " + newer.Text),
        (_, BootRecordCopy.Unusable { Problem: BootRecordProblem.NewerFormat } newer) => new Refused("copy 1: " + newer.Text),
        (BootRecordCopy.Valid valid, BootRecordCopy.Unusable bad) => new Chosen(valid.Record, 0, "copy 1: " + bad.Text),
        (BootRecordCopy.Unusable bad, BootRecordCopy.Valid valid) => new Chosen(valid.Record, 1, "copy 0: " + bad.Text),
        (BootRecordCopy.Valid first, BootRecordCopy.Valid second) => Newer(first.Record, second.Record),
        (BootRecordCopy.Unusable first, BootRecordCopy.Unusable second) =>
            new Lost($"copy 0: {first.Text}; copy 1: {second.Text}"),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static BootRecordChoice Newer(BootRecord first, BootRecord second)
    {
        if (first.Sequence != second.Sequence)
        {
            return first.Sequence > second.Sequence ? new Chosen(first, 0, "") : new Chosen(second, 1, "");
        }
        // Equal copies are those of a new device, or a damaged one has been mended; two different records of one sequence were
        // not written by us.
        return first == second
            ? new Chosen(first, 0, "")
            : new Lost($"both copies have sequence {first.Sequence} but differ");
    }
}
