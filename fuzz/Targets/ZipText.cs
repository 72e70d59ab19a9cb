using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;

namespace Meerkat.Fuzz.Targets;

/// <summary>A zip archive taken apart: entries whose headers can lie, and what follows them.</summary>
internal sealed class ZipText
{
    private const int HeaderBytes = 30;
    private const uint Signature = 0x04034B50;

    private List<Entry> entries = [];
    private byte[] tail = [];

    /// <summary>A bundle as the packer writes it, or as an ordinary zipper does.</summary>
    public static ZipText Generate(Random chance)
    {
        var folder = chance.Next(4) == 0 ? "fw-1.0/" : "";
        var parts = Enumerable.Range(0, chance.Next(0, 4))
            .Select(number => (Name: chance.Pick(["app", "fs", "skip"]) + number, Data: ByteMutations.RandomBytes(chance, chance.Next(0, 600))))
            .ToList();
        var members = parts.Select(part => $$"""
            "{{part.Name}}":{"type":"app","src":"{{part.Name}}.bin","size":{{part.Data.Length}},{{Digest(part.Data, chance)}}}
            """);
        var manifest = $$"""{"name":"n","platform":"linux-x64","version":"1","build_id":"b","parts":{ {{string.Join(',', members)}} } }""";
        var zip = new ZipText { tail = Directory(chance) };
        zip.entries.Add(Entry.Of(folder + "manifest.json", Encoding.UTF8.GetBytes(manifest), deflated: chance.Next(3) == 0));
        if (chance.Next(4) == 0)
        {
            zip.entries[0] = zip.entries[0] with { Extra = Attributes("""{"sig0":"AAAA","n":[1]}""") };
        }
        foreach (var (name, data) in parts)
        {
            zip.entries.Add(Entry.Of($"{folder}{name}.bin", data, deflated: chance.Next(3) == 0));
        }
        if (chance.Next(4) == 0)
        {
            zip.entries.Add(Entry.Of(folder + "readme.txt", "not a part"u8.ToArray(), deflated: false));
        }
        return zip;
    }

    /// <summary>Follows the local headers; null when there is none.</summary>
    public static ZipText? Read(byte[] bytes)
    {
        var zip = new ZipText();
        var rest = bytes.AsSpan();
        while (rest.Length >= HeaderBytes && BinaryPrimitives.ReadUInt32LittleEndian(rest) == Signature)
        {
            var fixedPart = rest[..HeaderBytes].ToArray();
            int names = BinaryPrimitives.ReadUInt16LittleEndian(rest[26..]);
            int extra = BinaryPrimitives.ReadUInt16LittleEndian(rest[28..]);
            var packed = BinaryPrimitives.ReadUInt32LittleEndian(rest[18..]);
            var start = HeaderBytes + names + extra;
            if (start > rest.Length)
            {
                break;
            }
            var end = (int)Math.Min(rest.Length, start + (long)packed);
            zip.entries.Add(new Entry(
                fixedPart, rest.Slice(HeaderBytes, names).ToArray(), rest.Slice(HeaderBytes + names, extra).ToArray(), rest[start..end].ToArray()));
            rest = rest[end..];
        }
        zip.tail = rest.ToArray();
        return zip.entries.Count > 0 ? zip : null;
    }

    public byte[] ToBytes() => [.. entries.SelectMany(entry => entry.ToBytes()), .. tail];

    public void ChangeManifest(Func<byte[], byte[]> change)
    {
        var manifest = entries[0];
        if (manifest.Unpacked() is { } text)
        {
            entries[0] = manifest.WithData(change(text));
        }
    }

    public ZipText Mutate(ZipText? other, Random chance)
    {
        var at = chance.Next(entries.Count);
        var entry = entries[at];
        switch (chance.Next(14))
        {
            case 0: entries.RemoveAt(at); break;
            case 1: entries.Insert(chance.Next(entries.Count + 1), entry); break;
            case 2: (entries[0], entries[at]) = (entries[at], entries[0]); break;
            case 3: entries.Insert(at, other is null ? entry : chance.Pick(other.entries)); break;
            case 4: entries[at] = entry.WithData(ByteMutations.Mutate(entry.Unpacked() ?? [], entry.Packed, chance)); break;
            case 5: entries[at] = entry with { Packed = ByteMutations.Mutate(entry.Packed, entry.Packed, chance) }; break;
            case 6: entries[at] = (entry with { Packed = ByteMutations.Mutate(entry.Packed, entry.Packed, chance) }).WithTrueSizes(); break;
            case 7: entries[at] = entry.WithNumber(chance.Pick([14, 18, 22]), 4, chance.EdgeNumber()); break;
            case 8: entries[at] = entry.WithNumber(chance.Pick([4, 6, 8, 26, 28]), 2, chance.EdgeNumber()); break;
            case 9: entries[at] = entry.WithNumber(6, 2, 1 << chance.Next(16)); break;
            case 10: entries[at] = entry with { Name = NewName(entry.Name, chance) }; break;
            case 11: entries[at] = entry with { Extra = NewExtra(entry.Extra, chance) }; break;
            case 12: entries[at] = entry.Repacked(); break;
            default: tail = ByteMutations.Mutate(tail, tail, chance); break;
        }
        if (entries.Count == 0)
        {
            entries.Add(entry);
        }
        return this;
    }

    private static byte[] NewName(byte[] name, Random chance) => chance.Next(4) == 0
        ? ByteMutations.Mutate(name, name, chance)
        : Encoding.UTF8.GetBytes(chance.Pick(
            ["manifest.json", "x/manifest.json", "/manifest.json", "../manifest.json", "a/b/c", "a//b", "./a", "a\\b", "", "/", "x/", "app0.bin",
                "a\0b", "\u00e4.bin", new string('n', 49), new string('n', 50), new string('f', 200) + "/" + new string('n', 49), new string('f', 252)]));

    private static byte[] NewExtra(byte[] extra, Random chance) => chance.Next(6) switch
    {
        0 => Attributes(chance.Pick(["{}", "[]", "", "{\"a\":1,\"a\":2}", "{\"a\":\"\\ud800\"}", "{\"\\ud800\":1}", "[[[[[[[[[[", "{\"sig0\":\"AAAA\"}", "\u00e4"])),
        1 => [1, 0, 0, 0],
        2 => [0x3A, 0x29, 0xFF, 0xFF],
        3 => [.. extra, .. extra],
        4 => [.. extra, .. new byte[chance.Pick([1, 3, 4, 2000])]],
        _ => ByteMutations.Mutate(extra, extra, chance),
    };

    private static byte[] Attributes(string json)
    {
        var text = Encoding.UTF8.GetBytes(json);
        return [0x3A, 0x29, (byte)(text.Length & 0xFF), (byte)(text.Length >> 8), .. text];
    }

    private static string Digest(byte[] data, Random chance) => chance.Next(2) == 0
        ? $"\"cs_sha256\":\"{Convert.ToHexStringLower(SHA256.HashData(data))}\""
#pragma warning disable CA5350 // the format's own
        : $"\"cs_sha1\":\"{Convert.ToHexStringLower(SHA1.HashData(data))}\"";
#pragma warning restore CA5350

    /// <summary>What a reader that pushes on looks at: the first central header's signature, and the end record with its comment.</summary>
    private static byte[] Directory(Random chance)
    {
        var comment = ByteMutations.RandomBytes(chance, chance.Next(3) == 0 ? chance.Next(40) : 0);
        byte[] header = chance.Next(3) == 0 ? [] : [.. "PK\x01\x02"u8, .. new byte[42]];
        return [.. header, .. "PK\x05\x06"u8, .. new byte[16], (byte)comment.Length, 0, .. comment];
    }

    private sealed record Entry(byte[] Fixed, byte[] Name, byte[] Extra, byte[] Packed)
    {
        private bool IsDeflated => BinaryPrimitives.ReadUInt16LittleEndian(Fixed.AsSpan(8)) == 8;

        public static Entry Of(string name, byte[] data, bool deflated)
        {
            var header = new byte[HeaderBytes];
            BinaryPrimitives.WriteUInt32LittleEndian(header, Signature);
            header[4] = 20;
            header[8] = (byte)(deflated ? 8 : 0);
            return new Entry(header, Encoding.UTF8.GetBytes(name), [], []).WithData(data);
        }

        /// <summary>Name and extra field have their true lengths, except where a header says something of its own.</summary>
        public byte[] ToBytes()
        {
            var header = Fixed.ToArray();
            if (!Lies(26))
            {
                BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(26), (ushort)Name.Length);
            }
            if (!Lies(28))
            {
                BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(28), (ushort)Extra.Length);
            }
            return [.. header, .. Name, .. Extra, .. Packed];
        }

        public HashSet<int> Lying { get; init; } = [];

        public Entry WithNumber(int at, int bytes, int value)
        {
            var header = Fixed.ToArray();
            Span<byte> number = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(number, value);
            number[..bytes].CopyTo(header.AsSpan(at));
            return this with { Fixed = header, Lying = [.. Lying, at] };
        }

        /// <summary>Packs other data; CRC and sizes are those of it.</summary>
        public Entry WithData(byte[] data)
        {
            var packed = IsDeflated ? Deflate(data) : data;
            return (this with { Packed = packed })
                .WithField(14, Crc32.HashToUInt32(data)).WithField(18, (uint)packed.Length).WithField(22, (uint)data.Length);
        }

        public Entry WithTrueSizes()
        {
            var sized = WithField(18, (uint)Packed.Length);
            return Unpacked() is { } data ? sized.WithField(14, Crc32.HashToUInt32(data)).WithField(22, (uint)data.Length) : sized;
        }

        /// <summary>Deflated instead of stored, or the other way round.</summary>
        public Entry Repacked()
        {
            var data = Unpacked() ?? Packed;
            var header = Fixed.ToArray();
            header[8] = (byte)(IsDeflated ? 0 : 8);
            return (this with { Fixed = header }).WithData(data);
        }

        public byte[]? Unpacked()
        {
            if (!IsDeflated)
            {
                return Packed;
            }
            try
            {
                using var inflate = new DeflateStream(new MemoryStream(Packed), CompressionMode.Decompress);
                var data = new byte[1 << 18];
                var count = inflate.ReadAtLeast(data, data.Length, throwOnEndOfStream: false);
                return data[..count];
            }
            catch (InvalidDataException)
            {
                return null;
            }
        }

        private static byte[] Deflate(byte[] data)
        {
            using var packed = new MemoryStream();
            using (var deflate = new DeflateStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            {
                deflate.Write(data);
            }
            return packed.ToArray();
        }

        private bool Lies(int at) => Lying.Contains(at);

        private Entry WithField(int at, uint value)
        {
            var header = Fixed.ToArray();
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(at), value);
            return this with { Fixed = header };
        }
    }
}
