namespace Meerkat.Core.Boot;

/// <summary>Whether the active slot has been marked good.</summary>
public enum Commitment
{
    Uncommitted,
    Committed,
}
