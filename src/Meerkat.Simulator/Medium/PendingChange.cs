namespace Meerkat.Simulator.Medium;

/// <summary>A change that programs see and that no flush has made durable: a crash keeps it, loses it or, a write, tears it.</summary>
internal abstract record PendingChange
{
    private PendingChange()
    {
    }

    /// <summary>What it is, for people.</summary>
    public abstract string Text { get; }

    /// <summary>Bytes at an offset of a file.</summary>
    public sealed record Write(SimNode File, string Path, int Offset, byte[] Bytes) : PendingChange
    {
        public override string Text => FormattableString.Invariant($"write of {Bytes.Length} bytes at {Offset} of {Path}");
    }

    public sealed record Truncate(SimNode File, string Path, int Length) : PendingChange
    {
        public override string Text => FormattableString.Invariant($"truncation of {Path} to {Length} bytes");
    }

    public sealed record Attributes(SimNode Node, string Path, Meerkat.Storage.EntryAttributes To) : PendingChange
    {
        public override string Text => $"attributes of {Path}";
    }

    /// <summary>A name that was made, or (no node) removed.</summary>
    public sealed record Name(SimNode Directory, string Path, string Called, SimNode? Node) : PendingChange
    {
        public override string Text => Node is null ? $"removal of {Path}" : $"creation of {Path}";
    }

    /// <summary>The old name of something whose new name is durable: it may come back.</summary>
    public sealed record OldName(SimNode Directory, string Called, SimNode Node, string Path) : PendingChange
    {
        public override string Text => $"end of the old name of {Path}";
    }

    /// <summary>A rename: kept as a whole or lost as a whole.</summary>
    public sealed record Rename(
        SimNode From, string FromName, SimNode To, string ToName, SimNode Node, string Path) : PendingChange
    {
        public override string Text => $"rename to {Path}";
    }
}
