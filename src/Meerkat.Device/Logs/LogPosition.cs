using System.Globalization;

namespace Meerkat.Device.Logs;

/// <summary>A place in a log: which file of the two, by its identity, and how far in it.</summary>
/// <param name="File">Empty where there was no file.</param>
/// <param name="Offset">Bytes, 0 or more.</param>
public readonly record struct LogPosition(string File, long Offset)
{
    /// <summary>Before the oldest byte that is kept.</summary>
    public static LogPosition Oldest { get; } = new("", 0);

    public static LogPosition? Parse(string cursor)
    {
        if (cursor.Length == 0)
        {
            return Oldest;
        }
        var colon = cursor.LastIndexOf(':');
        return colon >= 0 && long.TryParse(cursor.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            ? new LogPosition(cursor[..colon], offset)
            : null;
    }

    /// <summary>Never empty: an empty cursor means the oldest byte.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{File}:{Offset}");
}
