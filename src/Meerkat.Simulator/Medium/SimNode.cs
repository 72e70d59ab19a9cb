using Meerkat.Storage;

namespace Meerkat.Simulator.Medium;

/// <summary>A file, a directory or a link: as programs see it, and as a crash would find it if nothing more reached the medium.</summary>
internal sealed class SimNode(EntryKind kind)
{
    public EntryKind Kind { get; } = kind;

    public EntryAttributes Attributes { get; set; }

    public EntryAttributes DurableAttributes { get; set; }

    /// <summary>Of a file. Replaced whole, so that copies of the medium share it.</summary>
    public byte[] Bytes { get; set; } = [];

    public byte[] DurableBytes { get; set; } = [];

    /// <summary>Of a directory.</summary>
    public Dictionary<string, SimNode> Names { get; set; } = kind == EntryKind.Directory ? new(StringComparer.Ordinal) : Nothing;

    public Dictionary<string, SimNode> DurableNames { get; set; } = kind == EntryKind.Directory ? new(StringComparer.Ordinal) : Nothing;

    /// <summary>Of a link: immutable, and durable with its name.</summary>
    public string Target { get; init; } = "";

    /// <summary>How many handles are open.</summary>
    public int Open { get; set; }

    private static readonly Dictionary<string, SimNode> Nothing = [];
}
