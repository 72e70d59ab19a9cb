using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>Makes zip archives by hand, right ones and wrong ones.</summary>
internal sealed class ZipBuilder
{
    private readonly MemoryStream body = new();
    private readonly MemoryStream directory = new();
    private int entries;

    /// <summary>What the header says, where it is not the truth.</summary>
    public sealed record Lie
    {
        public ushort? Method { get; init; }

        public ushort Flags { get; init; }

        public uint? Crc { get; init; }

        public uint? Size { get; init; }

        public bool Deflate { get; init; }

        /// <summary>Says that sizes stand in a zip64 field.</summary>
        public bool Zip64 { get; init; }
    }

    public ZipBuilder Add(string name, byte[] content, Lie? lie = null)
    {
        lie ??= new Lie();
        var stored = lie.Deflate ? Deflated(content) : content;
        var header = new byte[30];
        var size = lie.Zip64 ? uint.MaxValue : lie.Size ?? (uint)content.Length;
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0x04034b50);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(4), lie.Zip64 ? (ushort)45 : (ushort)20);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(6), lie.Flags);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), lie.Method ?? (lie.Deflate ? (ushort)8 : (ushort)0));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(14), lie.Crc ?? Crc32.HashToUInt32(content));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(18), lie.Deflate ? (uint)stored.Length : size);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(22), size);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(26), (ushort)Encoding.UTF8.GetByteCount(name));
        var offset = (uint)body.Length;
        body.Write(header);
        body.Write(Encoding.UTF8.GetBytes(name));
        body.Write(stored);

        var central = new byte[46];
        BinaryPrimitives.WriteUInt32LittleEndian(central, 0x02014b50);
        header.AsSpan(4, 26).CopyTo(central.AsSpan(6));
        BinaryPrimitives.WriteUInt32LittleEndian(central.AsSpan(42), offset);
        directory.Write(central);
        directory.Write(Encoding.UTF8.GetBytes(name));
        entries++;
        return this;
    }

    public byte[] ToArray()
    {
        var end = new byte[22];
        BinaryPrimitives.WriteUInt32LittleEndian(end, 0x06054b50);
        BinaryPrimitives.WriteUInt16LittleEndian(end.AsSpan(8), (ushort)entries);
        BinaryPrimitives.WriteUInt16LittleEndian(end.AsSpan(10), (ushort)entries);
        BinaryPrimitives.WriteUInt32LittleEndian(end.AsSpan(12), (uint)directory.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(end.AsSpan(16), (uint)body.Length);
        return [.. body.ToArray(), .. directory.ToArray(), .. end];
    }

    private static byte[] Deflated(byte[] content)
    {
        var compressed = new MemoryStream();
        using (var deflate = new DeflateStream(compressed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            deflate.Write(content);
        }
        return compressed.ToArray();
    }
}
