using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using Meerkat.Core.Bundles;

namespace Meerkat.Core.Tests.Bundles;

/// <summary>One entry of a zip made by hand; every field of the header can lie.</summary>
internal sealed record ZipEntryBytes(string Name, byte[] Data)
{
    public ushort Flags { get; init; }
    public ushort Method { get; init; }
    public uint? Crc { get; init; }
    public uint? Packed { get; init; }
    public uint? Size { get; init; }
    public byte[] Extra { get; init; } = [];
    public byte[]? NameBytes { get; init; }
    public byte[]? PackedData { get; init; }

    public static ZipEntryBytes Text(string name, string text) => new(name, Encoding.UTF8.GetBytes(text));

    public ZipEntryBytes Deflated()
    {
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(Data);
        }
        return this with { Method = 8, PackedData = packed.ToArray() };
    }
}

/// <summary>Zips made by hand, and a good bundle to spoil.</summary>
internal static class ZipBytes
{
    public static readonly byte[] App = [.. Enumerable.Range(0, 3000).Select(i => unchecked((byte)(i * 7)))];
    public static readonly string AppSha256 = Convert.ToHexStringLower(SHA256.HashData(App));
    public static readonly string AppSha1 = Convert.ToHexStringLower(SHA1.HashData(App));

    public static ZipEntryBytes Manifest(string parts) => ZipEntryBytes.Text("manifest.json",
        $$"""{"name":"n","platform":"linux-x64","version":"1","build_id":"b","parts":{{parts}} }""");

    public static ZipEntryBytes GoodManifest => Manifest(
        $$"""{"app":{"src":"app","size":{{App.Length}},"cs_sha256":"{{AppSha256}}"} }""");

    public static ZipEntryBytes GoodApp => new("app", App);

    public static byte[] Zip(params ZipEntryBytes[] entries)
    {
        var zip = new MemoryStream();
        foreach (var entry in entries)
        {
            WriteEntry(zip, entry);
        }
        zip.Write("PK\x01\x02 what stands here is not looked at"u8);
        zip.Write("PK\x05\x06"u8);
        zip.Write(new byte[18]);
        return zip.ToArray();
    }

    private static void WriteEntry(MemoryStream zip, ZipEntryBytes entry)
    {
        var name = entry.NameBytes ?? Encoding.UTF8.GetBytes(entry.Name);
        var packed = entry.PackedData ?? entry.Data;
        Span<byte> header = new byte[30];
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0x04034B50);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 20);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], entry.Flags);
        BinaryPrimitives.WriteUInt16LittleEndian(header[8..], entry.Method);
        BinaryPrimitives.WriteUInt32LittleEndian(header[14..], entry.Crc ?? Crc32.HashToUInt32(entry.Data));
        BinaryPrimitives.WriteUInt32LittleEndian(header[18..], entry.Packed ?? (uint)packed.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[22..], entry.Size ?? (uint)entry.Data.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(header[26..], (ushort)name.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(header[28..], (ushort)entry.Extra.Length);
        zip.Write(header);
        zip.Write(name);
        zip.Write(entry.Extra);
        zip.Write(packed);
    }

    /// <summary>Feeds a bundle in pieces of the given sizes, over and over; returns what was refused.</summary>
    public static BundleProblem? Read(
        ReadOnlySpan<byte> zip, Recording to, int[] pieces, BundleLimits? limits = null, long? announced = null)
    {
        using var reader = new BundleReader(to, limits, announced);
        for (var i = 0; !zip.IsEmpty; i++)
        {
            var count = Math.Min(zip.Length, pieces[i % pieces.Length]);
            if (reader.Push(zip[..count]) is { } problem)
            {
                return problem;
            }
            zip = zip[count..];
        }
        return reader.Complete();
    }
}
