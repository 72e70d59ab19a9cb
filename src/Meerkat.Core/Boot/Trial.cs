namespace Meerkat.Core.Boot;

/// <summary>Whether the record allows one more first boot of an uncommitted slot.</summary>
public enum Trial
{
    Exhausted,
    AttemptsLeft,
}
