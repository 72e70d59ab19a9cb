namespace Meerkat.Bench.PowerCut;

/// <summary>A disk in memory. A copy remembers what it has of its own, so that many can be made of one.</summary>
internal sealed class DiskImage
{
    private const int BlockBytes = 64 * 1024;

    private readonly byte[] bytes;

    private DiskImage(byte[] bytes) => this.bytes = bytes;

    public static DiskImage Read(string path, long length)
    {
        var bytes = new byte[length];
        using var file = File.OpenRead(path);
        file.ReadExactly(bytes.AsSpan(0, (int)Math.Min(length, file.Length)));
        return new DiskImage(bytes);
    }

    public DiskImage Copy() => new((byte[])bytes.Clone());

    public void Put(long at, ReadOnlySpan<byte> data) => data.CopyTo(bytes.AsSpan((int)at));

    public bool Same(DiskImage other, long length) => bytes.AsSpan(0, (int)length).SequenceEqual(other.bytes.AsSpan(0, (int)length));

    /// <summary>Blocks of zeros become holes.</summary>
    public void Save(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 0);
        file.SetLength(bytes.Length);
        for (var at = 0; at < bytes.Length; at += BlockBytes)
        {
            var block = bytes.AsSpan(at, Math.Min(BlockBytes, bytes.Length - at));
            if (block.ContainsAnyExcept((byte)0))
            {
                file.Position = at;
                file.Write(block);
            }
        }
    }
}
