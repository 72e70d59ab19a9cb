namespace Meerkat.Storage.Posix;

/// <summary>
/// All that makes bytes and names durable ends here, and nothing else stands here: bench/sabotage-build puts another file in this
/// one's place, to show that the tests see a device that does not flush.
/// </summary>
internal static class Flush
{
    /// <summary>Makes a file's contents and length durable. As the C library answers: 0, or -1 with errno.</summary>
    public static int File(int descriptor) => Libc.FSync(descriptor);

    /// <summary>Makes the names in a directory durable. As the C library answers: 0, or -1 with errno.</summary>
    public static int Directory(int descriptor) => Libc.FSync(descriptor);

    /// <summary>Has the file system that a directory is on write all it holds. As the C library answers: 0, or -1 with errno.</summary>
    public static int FileSystem(int descriptor) => Libc.SyncFs(descriptor);
}
