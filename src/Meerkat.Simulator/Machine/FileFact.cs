using Meerkat.Storage;

namespace Meerkat.Simulator.Machine;

/// <summary>One entry of a file system as it must be.</summary>
/// <param name="Kind">A file, a directory or a link.</param>
/// <param name="Bytes">Of a file.</param>
/// <param name="Target">Of a link.</param>
/// <param name="Mode">Permission bits; not of a link.</param>
internal sealed record FileFact(EntryKind Kind, byte[] Bytes, string Target, int Mode)
{
    public static FileFact File(byte[] bytes, int mode = 0x1A4) => new(EntryKind.File, bytes, "", mode);

    public static FileFact Directory(int mode = 0x1ED) => new(EntryKind.Directory, [], "", mode);

    public static FileFact Link(string target) => new(EntryKind.Link, [], target, 0);
}
