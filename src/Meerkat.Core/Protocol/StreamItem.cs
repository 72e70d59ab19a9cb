namespace Meerkat.Core.Protocol;

/// <summary>What <see cref="StreamFrameReader"/> found in a stream.</summary>
public abstract record StreamItem
{
    private StreamItem()
    {
    }

    /// <param name="Utf8">One frame's JSON, its checksum checked and taken off.</param>
    public sealed record Frame(byte[] Utf8) : StreamItem;

    /// <summary>An empty line: "are you there?", answered with one LF.</summary>
    public sealed record EmptyLine : StreamItem;

    /// <summary>EOT alone: "are you there, and do you know quotes?", answered with the same.</summary>
    public sealed record Probe : StreamItem;

    /// <param name="Reason">Why bytes were dropped, in words for a log.</param>
    public sealed record Dropped(string Reason) : StreamItem;
}
