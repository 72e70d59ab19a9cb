namespace Meerkat.Storage.Posix;

/// <summary>Sabotaged: no file is ever flushed, nor the file system as a whole, which would do the same. Names are.</summary>
internal static class Flush
{
    public static int File(int descriptor) => 0;

    public static int Directory(int descriptor) => Libc.FSync(descriptor);

    public static int FileSystem(int descriptor) => 0;
}
