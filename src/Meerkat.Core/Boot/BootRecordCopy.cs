namespace Meerkat.Core.Boot;

/// <summary>What was found in one copy of the boot record.</summary>
public abstract record BootRecordCopy
{
    private BootRecordCopy()
    {
    }

    public sealed record Valid(BootRecord Record) : BootRecordCopy;

    /// <param name="Problem">Why it cannot be used.</param>
    /// <param name="Text">What was expected and found.</param>
    public sealed record Unusable(BootRecordProblem Problem, string Text) : BootRecordCopy;
}
