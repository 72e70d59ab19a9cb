namespace Meerkat.Core.Merge;

/// <summary>What an entry of a file system is, as far as a merge cares.</summary>
public enum MergeKind
{
    /// <summary>A socket, a FIFO or a device.</summary>
    Special,
    File,
    Directory,
    Link,
}
