namespace Meerkat.Storage.Posix;

/// <summary>Sabotaged: no name is ever flushed. Files are.</summary>
internal static class Flush
{
    public static int File(int descriptor) => Libc.FSync(descriptor);

    public static int Directory(int descriptor) => 0;

    public static int FileSystem(int descriptor) => Libc.SyncFs(descriptor);
}
