using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Compression;
using System.Text;
using CsCheck;
using Meerkat.Core.Bundles;

namespace Meerkat.Core.Tests.Bundles;

/// <summary>Signatures go into a bundle that is there; nothing else of it changes.</summary>
public sealed class FinishedBundleTests
{
    /// <summary>The vector of the specification, section 2.5.</summary>
    private const string Sig0 = "MEUCIBqoBCdkSKTQr8X9uAiGFUazohwWB5qM+hSTOjLxCg1uAiEA7453Gp5pEhAdEBbRSf9pwqP+GUH7Ldpph13qNPl9Gh8=";

    private const string VectorManifest =
        "{\n \"name\": \"vec\",\n \"platform\": \"esp32\",\n \"version\": \"1.0\",\n"
        + " \"build_id\": \"20230411-101500/g1a2b3c4-master\",\n \"parts\": {}\n}";

    private static readonly ImmutableSortedDictionary<string, string> Signature =
        ImmutableSortedDictionary<string, string>.Empty.Add("sig0", Sig0);

    public static TheoryData<string> Bundles => GoldenBundleTests.Names;

    [Fact]
    public void Vector_BecomesTheBytesOfTheSpecification()
    {
        var signed = Sign(Zip(("manifest.json", VectorManifest, [], [])), Signature);
        Assert.Equal("504b030414000000000000000000c45da6d279000000790000000d006f00", Convert.ToHexStringLower(signed.AsSpan(0, 30)));
        Assert.Equal("manifest.json", Encoding.ASCII.GetString(signed.AsSpan(30, 13)));
        Assert.Equal("3a296b00", Convert.ToHexStringLower(signed.AsSpan(43, 4)));
        Assert.Equal($$"""{"sig0":"{{Sig0}}"}""", Encoding.ASCII.GetString(signed.AsSpan(47, 107)));
        Assert.Equal(VectorManifest, Encoding.ASCII.GetString(signed.AsSpan(154, 121)));
    }

    [Theory]
    [MemberData(nameof(Bundles))]
    public void EveryLayout_KeepsAllItsBytes(string name)
    {
        var zip = GoldenBundleTests.Zip(name);
        var before = Read(zip);
        var signed = Sign(zip, Signature.Add("sig7", "second"));
        var after = Read(signed);
        Assert.Equal(before.Head!.ManifestBytes.ToArray(), after.Head!.ManifestBytes.ToArray());
        Assert.Equal(before.Events.Where(e => !e.StartsWith("attribute", StringComparison.Ordinal)), after.Events.Where(e => !e.StartsWith("attribute", StringComparison.Ordinal)));
        Assert.Equal(before.Head.Attributes.SetItem("sig0", Sig0).SetItem("sig7", "second"), after.Head.Attributes);
        using var oracle = new ZipArchive(new MemoryStream(signed));
        foreach (var entry in oracle.Entries)
        {
            using var content = entry.Open();
            content.CopyTo(Stream.Null);
        }
        var (local, central) = (LocalExtra(signed), CentralExtra(signed));
        Assert.Equal(local, central);
    }

    [Fact]
    public void SignaturesOfOthers_AttributesAndForeignRecords_StayAsTheyWere()
    {
        byte[] foreign = [0x55, 0x54, 5, 0, 1, 2, 3, 4, 5];
        byte[] padding = [0, 0];
        var attributes = Record("""{"n": 5, "list": [1, {"a": null}], "sig1": "one", "text": "\u00e9"}""");
        var zip = Zip(("manifest.json", VectorManifest, [.. foreign, .. attributes, .. padding], [.. attributes, 0x55, 0x54, 0, 0]));
        var signed = Sign(zip, Signature);
        var expected = Record($$"""{"list":[1,{"a":null}],"n":5,"sig0":"{{Sig0}}","sig1":"one","text":"é"}""");
        Assert.Equal([.. expected, .. foreign, .. padding], LocalExtra(signed));
        Assert.Equal([.. expected, 0x55, 0x54, 0, 0], CentralExtra(signed));
        Assert.Equal("replaced", Read(Sign(signed, Signature.SetItem("sig0", "replaced"))).Head!.Attributes["sig0"]);
    }

    [Fact]
    public void ExtraField_TakesAllThatFits_AndNoByteMore()
    {
        var zip = Zip(("manifest.json", VectorManifest, [], []));
        var room = 65535 - 4 - "{\"sig0\":\"\",\"x\":\"\"}".Length - Sig0.Length;
        Assert.Equal(65535, LocalExtra(Sign(zip, Signature.Add("x", new string('x', room)))).Length);
        var fault = Assert.Throws<InvalidDataException>(() => Sign(zip, Signature.Add("x", new string('x', room + 1))));
        Assert.Equal("signatures and attributes take 65532 bytes; the extra field has room for 65531", fault.Message);
    }

    /// <summary>What a hostile archive may look like, and the refusal.</summary>
    private static readonly Dictionary<string, (byte[] Zip, string Refusal)> Hostile = new()
    {
        ["signature only in the local header"] = (Zip(("manifest.json", VectorManifest, Record("""{"sig0":"a"}"""), [])), "two headers disagree"),
        ["signature only in the directory"] = (Zip(("manifest.json", VectorManifest, [], Record("""{"sig0":"a"}"""))), "two headers disagree"),
        ["another signature in the directory"] = (Zip(("manifest.json", VectorManifest, Record("""{"sig0":"a"}"""), Record("""{"sig0":"b"}"""))), "two headers disagree"),
        ["signature twice in the JSON"] = (Both("""{"sig0":"a","sig0":"b"}"""), "not valid JSON"),
        ["list instead of an object"] = (Both("[]"), "not a JSON object"),
        ["no JSON"] = (Both("{"), "not valid JSON"),
        ["empty record"] = (Both(""), "not valid JSON"),
        ["half of a surrogate pair"] = (Both("""{"x":"\ud800"}"""), "not valid JSON"),
        ["deep nesting"] = (Both("""{"x":[[[[[[[[[[1]]]]]]]]]]}"""), "not valid JSON"),
        ["two records of attributes"] = (Extra([.. Record("""{"sig0":"a"}"""), .. Record("""{"sig0":"b"}""")]), "attributes twice"),
        ["record longer than the field"] = (Extra([0x3A, 0x29, 0xFF, 0xFF, 1]), "longer than it may be"),
        ["record behind it longer than the field"] = (Extra([.. Record("{}"), 1, 0, 0xFF, 0xFF]), "longer than it may be"),
        ["bytes behind the end"] = ([.. Zip(("manifest.json", VectorManifest, [], [])), 1], "something follows it, or it is cut off"),
        ["bytes before the directory"] = (Gap(), "the entries end at byte"),
        ["empty"] = ([], "something follows it, or it is cut off"),
        ["directory alone"] = (Zip(), "has no entries"),
        ["another name in the directory"] = (Patch(46, (byte)'M'), "disagree about 'Manifest.json': its name differs"),
        ["another size in the directory"] = (Patch(24, 120), "its size differs"),
        ["another CRC in the directory"] = (Patch(16, 1), "its CRC-32 differs"),
        ["another method in the directory"] = (Patch(10, 8), "its compression method differs"),
        ["another place in the directory"] = (Patch(42, 1), "said to begin at byte 1"),
        ["a name that leaves the directory"] = (Patch(28, 200), "the central directory is malformed"),
        ["another number of entries"] = (PatchEnd(8, 2), "its end record says otherwise"),
        ["another size of the directory"] = (PatchEnd(12, 3), "central directory should end"),
        ["another disk"] = (PatchEnd(4, 1), "central directory should end"),
    };

    public static TheoryData<string> Attacks => [.. Hostile.Keys];

    [Theory]
    [MemberData(nameof(Attacks))]
    public void ArchiveThatSaysTwoThings_IsNotSigned(string name)
    {
        var (zip, refusal) = Hostile[name];
        Assert.Null(FinishedBundle.Open(new MemoryStream(zip), out var said));
        Assert.Contains(refusal, said, StringComparison.Ordinal);
    }

    [Fact]
    public void AnyByteSpoiled_IsRefused_OrGivesAReadableArchive()
    {
        var zip = GoldenBundleTests.Zip("top-folder");
        Gen.Select(Gen.Int[0, zip.Length - 1], Gen.Byte[1, 255]).Sample(
            (at, by) =>
            {
                var spoiled = zip.ToArray();
                spoiled[at] ^= by;
                if (FinishedBundle.Open(new MemoryStream(spoiled), out var refusal) is not { } bundle)
                {
                    return refusal!.Length > 0;
                }
                var output = new MemoryStream();
                bundle.WriteTo(output, Signature);
                // What is behind the headers is the reader's to judge, before and after.
                var before = ZipBytes.Read(spoiled, new Recording(), [int.MaxValue]);
                var after = ZipBytes.Read(output.ToArray(), new Recording(), [int.MaxValue]);
                return before?.Code == after?.Code;
            },
            iter: 2000);
    }

    private static byte[] Sign(byte[] zip, ImmutableSortedDictionary<string, string> changes)
    {
        var bundle = FinishedBundle.Open(new MemoryStream(zip), out var refusal);
        Assert.True(bundle is not null, refusal);
        var output = new MemoryStream();
        bundle.WriteTo(output, changes);
        return output.ToArray();
    }

    private static Recording Read(byte[] zip)
    {
        var to = new Recording();
        Assert.Null(ZipBytes.Read(zip, to, [int.MaxValue], announced: zip.Length));
        return to;
    }

    private static byte[] Record(string json)
    {
        var text = Encoding.UTF8.GetBytes(json);
        return [0x3A, 0x29, (byte)text.Length, (byte)(text.Length >> 8), .. text];
    }

    private static byte[] Both(string json) => Extra(Record(json));

    private static byte[] Extra(byte[] extra) => Zip(("manifest.json", VectorManifest, extra, extra));

    /// <summary>An archive of stored entries, each with its own extra field in the local header and in the directory.</summary>
    private static byte[] Zip(params (string Name, string Text, byte[] Local, byte[] Central)[] entries)
    {
        var zip = new MemoryStream();
        var directory = new MemoryStream();
        foreach (var (name, text, local, central) in entries)
        {
            var content = Encoding.UTF8.GetBytes(text);
            var header = new byte[30];
            BinaryPrimitives.WriteUInt32LittleEndian(header, 0x04034B50);
            header[4] = 20;
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(14), System.IO.Hashing.Crc32.HashToUInt32(content));
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(18), content.Length);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(22), content.Length);
            header[26] = (byte)name.Length;
            BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(28), (ushort)local.Length);
            var there = new byte[46];
            BinaryPrimitives.WriteUInt32LittleEndian(there, 0x02014B50);
            header.AsSpan(4, 26).CopyTo(there.AsSpan(6));
            BinaryPrimitives.WriteUInt16LittleEndian(there.AsSpan(30), (ushort)central.Length);
            BinaryPrimitives.WriteInt32LittleEndian(there.AsSpan(42), (int)zip.Length);
            zip.Write([.. header, .. Encoding.UTF8.GetBytes(name), .. local, .. content]);
            directory.Write([.. there, .. Encoding.UTF8.GetBytes(name), .. central]);
        }
        return [.. zip.ToArray(), .. directory.ToArray(), .. End(entries.Length, (int)directory.Length, (int)zip.Length)];
    }

    private static byte[] End(int entries, int directoryBytes, int directoryOffset)
    {
        var end = new byte[22];
        BinaryPrimitives.WriteUInt32LittleEndian(end, 0x06054B50);
        end[8] = end[10] = (byte)entries;
        BinaryPrimitives.WriteInt32LittleEndian(end.AsSpan(12), directoryBytes);
        BinaryPrimitives.WriteInt32LittleEndian(end.AsSpan(16), directoryOffset);
        return end;
    }

    private static byte[] Gap()
    {
        var zip = Zip(("manifest.json", VectorManifest, [], []));
        var directory = zip.AsSpan().IndexOf("PK\x01\x02"u8);
        return [.. zip[..directory], 7, 7, .. zip[directory..^22], .. End(1, zip.Length - directory - 22, directory + 2)];
    }

    private static byte[] Patch(int at, byte value)
    {
        var zip = Zip(("manifest.json", VectorManifest, [], []));
        zip[zip.AsSpan().IndexOf("PK\x01\x02"u8) + at] = value;
        return zip;
    }

    private static byte[] PatchEnd(int at, byte value)
    {
        var zip = Zip(("manifest.json", VectorManifest, [], []));
        zip[zip.Length - 22 + at] = value;
        return zip;
    }

    private static byte[] LocalExtra(byte[] zip)
    {
        var name = BinaryPrimitives.ReadUInt16LittleEndian(zip.AsSpan(26));
        return zip.AsSpan(30 + name, BinaryPrimitives.ReadUInt16LittleEndian(zip.AsSpan(28))).ToArray();
    }

    private static byte[] CentralExtra(byte[] zip)
    {
        var at = BinaryPrimitives.ReadInt32LittleEndian(zip.AsSpan(zip.Length - 6 - CommentBytes(zip)));
        var name = BinaryPrimitives.ReadUInt16LittleEndian(zip.AsSpan(at + 28));
        return zip.AsSpan(at + 46 + name, BinaryPrimitives.ReadUInt16LittleEndian(zip.AsSpan(at + 30))).ToArray();
    }

    private static int CommentBytes(byte[] zip) => zip.Length - zip.AsSpan().LastIndexOf("PK\x05\x06"u8) - 22;
}
