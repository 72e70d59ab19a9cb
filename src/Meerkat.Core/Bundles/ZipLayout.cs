using System.Buffers.Binary;
using System.Text;

namespace Meerkat.Core.Bundles;

/// <summary>Writes the headers of a zip of stored entries; the caller writes each entry's bytes behind its header.</summary>
internal sealed class ZipLayout(Stream output)
{
    private const ushort VersionNeeded = 20;
    private const ushort Utf8Flag = 1 << 11;

    private readonly List<Entry> entries = [];
    private long offset;

    public void BeginEntry(string name, long sizeBytes, uint crc, byte[] extra)
    {
        var entry = new Entry(Encoding.UTF8.GetBytes(name), checked((uint)sizeBytes), crc, extra, checked((uint)offset));
        entries.Add(entry);
        Span<byte> header = stackalloc byte[LocalHeader.FixedBytes];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, LocalHeader.Signature);
        WriteShared(header[4..], entry);
        output.Write(header);
        output.Write(entry.Name);
        output.Write(extra);
        offset += header.Length + entry.Name.Length + extra.Length + sizeBytes;
    }

    public void End()
    {
        var directoryOffset = offset;
        foreach (var entry in entries)
        {
            Span<byte> header = new byte[DirectoryHeader.FixedBytes];
            BinaryPrimitives.WriteUInt32LittleEndian(header, LocalHeader.DirectorySignature);
            BinaryPrimitives.WriteUInt16LittleEndian(header[4..], VersionNeeded);
            WriteShared(header[6..], entry);
            BinaryPrimitives.WriteUInt32LittleEndian(header[42..], entry.Offset);
            output.Write(header);
            output.Write(entry.Name);
            output.Write(entry.Extra);
            offset += DirectoryHeader.FixedBytes + entry.Name.Length + entry.Extra.Length;
        }
        Span<byte> end = stackalloc byte[DirectoryEnd.FixedBytes];
        end.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(end, LocalHeader.DirectoryEndSignature);
        BinaryPrimitives.WriteUInt16LittleEndian(end[8..], checked((ushort)entries.Count));
        BinaryPrimitives.WriteUInt16LittleEndian(end[10..], checked((ushort)entries.Count));
        BinaryPrimitives.WriteUInt32LittleEndian(end[12..], checked((uint)(offset - directoryOffset)));
        BinaryPrimitives.WriteUInt32LittleEndian(end[16..], checked((uint)directoryOffset));
        output.Write(end);
    }

    /// <summary>What a local and a central header have in common, from "version needed" on; time and date stay 0.</summary>
    private static void WriteShared(Span<byte> header, Entry entry)
    {
        var isAscii = System.Text.Ascii.IsValid(entry.Name);
        BinaryPrimitives.WriteUInt16LittleEndian(header, VersionNeeded);
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], isAscii ? (ushort)0 : Utf8Flag);
        BinaryPrimitives.WriteUInt32LittleEndian(header[10..], entry.Crc);
        BinaryPrimitives.WriteUInt32LittleEndian(header[14..], entry.SizeBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(header[18..], entry.SizeBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(header[22..], checked((ushort)entry.Name.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(header[24..], checked((ushort)entry.Extra.Length));
    }

    private sealed record Entry(byte[] Name, uint SizeBytes, uint Crc, byte[] Extra, uint Offset);
}
