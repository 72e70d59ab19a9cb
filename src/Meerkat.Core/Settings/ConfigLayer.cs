namespace Meerkat.Core.Settings;

/// <summary>One source of settings.</summary>
/// <param name="Level">0 shipped defaults, 1-8 vendor, 9 user, <see cref="Pinned"/> the board's own.</param>
/// <param name="Name">The file, for messages.</param>
/// <param name="Utf8">Its content: one JSON object.</param>
public sealed record ConfigLayer(int Level, string Name, ReadOnlyMemory<byte> Utf8)
{
    /// <summary>Why the content could not be read; none when it could.</summary>
    public string? Unreadable { get; init; }

    /// <summary>The level of the user's settings.</summary>
    public const int User = 9;

    /// <summary>Keys pinned in <c>board.json</c>: above all layers and under no access list.</summary>
    public const int Pinned = 10;
}
