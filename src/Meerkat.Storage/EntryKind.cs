namespace Meerkat.Storage;

/// <summary>What an entry of a directory is.</summary>
public enum EntryKind
{
    /// <summary>A socket, a FIFO or a device: never copied, only counted.</summary>
    Special,
    File,
    Directory,
    Link,
}
