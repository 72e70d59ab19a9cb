using System.IO.Compression;
using System.Reflection;
using CsCheck;
using Meerkat.Core.Bundles;

namespace Meerkat.Core.Tests.Bundles;

public sealed class GoldenBundleTests
{
    private static readonly string Folder = Path.Combine(
        typeof(GoldenBundleTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "RepoRoot").Value!, "testdata", "bundles");

    public static TheoryData<string> Names =>
        [.. Directory.EnumerateFiles(Folder, "*.zip").Select(p => Path.GetFileNameWithoutExtension(p)!).Order()];

    [Fact]
    public void GoldenBundles_AreThere() => Assert.True(Names.Count >= 6);

    [Theory]
    [MemberData(nameof(Names))]
    public void ByteByByte_GivesTheFrozenEvents(string name) => AssertEvents(name, [1]);

    [Theory]
    [MemberData(nameof(Names))]
    public void InOnePiece_GivesTheFrozenEvents(string name) => AssertEvents(name, [int.MaxValue]);

    [Theory]
    [MemberData(nameof(Names))]
    public void InRandomPieces_GivesTheFrozenEvents(string name) =>
        Gen.Int[1, 3000].Array[1, 40].Sample(pieces => AssertEvents(name, pieces), iter: 60);

    [Theory]
    [MemberData(nameof(Names))]
    public void CutAtAnyByte_IsTruncated(string name)
    {
        var zip = Zip(name);
        var directory = DirectoryOffset(zip);
        for (var cut = 0; cut < directory + 4; cut += Math.Max(1, Math.Min(97, directory + 3 - cut)))
        {
            var to = new Recording();
            var problem = ZipBytes.Read(zip.AsSpan(0, cut), to, [4096]);
            Assert.Equal(BundleProblemCode.Truncated, problem?.Code);
            Assert.DoesNotContain("end", to.Events);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void AnyBitFlippedInAPart_IsRefused(string name)
    {
        var zip = Zip(name);
        foreach (var part in Read(zip).Data.Keys)
        {
            var src = Read(zip).Head!.Manifest.Parts[part].Src!;
            Gen.Int[0, int.MaxValue].Sample(
                where =>
                {
                    var spoiled = zip.ToArray();
                    var (start, length) = Body(zip, src);
                    spoiled[start + (where % length)] ^= (byte)(1 << (where % 8));
                    // The last bits of a deflate stream may be padding: then nothing that was packed has changed.
                    var to = new Recording();
                    return ZipBytes.Read(spoiled, to, [1024]) is not null || to.Data[part].SequenceEqual(Read(zip).Data[part]);
                },
                iter: 40);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void PartData_IsWhatZipArchiveReads(string name)
    {
        var zip = Zip(name);
        var to = Read(zip);
        using var oracle = new ZipArchive(new MemoryStream(zip));
        foreach (var (part, data) in to.Data)
        {
            var src = to.Head!.Manifest.Parts[part].Src!;
            using var entry = oracle.Entries.Single(e => e.FullName.EndsWith(src, StringComparison.Ordinal)).Open();
            var expected = new MemoryStream();
            entry.CopyTo(expected);
            Assert.Equal(expected.ToArray(), data);
        }
    }

    internal static byte[] Zip(string name) => File.ReadAllBytes(Path.Combine(Folder, name + ".zip"));

    private static Recording Read(byte[] zip)
    {
        var to = new Recording();
        Assert.Null(ZipBytes.Read(zip, to, [int.MaxValue]));
        return to;
    }

    private static void AssertEvents(string name, int[] pieces)
    {
        var to = new Recording();
        var zip = Zip(name);
        Assert.Null(ZipBytes.Read(zip, to, pieces, announced: zip.Length));
        Assert.Null(to.ImageProblem);
        Assert.Equal(File.ReadAllLines(Path.Combine(Folder, name + ".events")), to.Events);
    }

    private static int DirectoryOffset(byte[] zip) => zip.AsSpan().IndexOf("PK\x01\x02"u8);

    private static (int Start, int Length) Body(byte[] zip, string src)
    {
        for (var at = 0; ; at++)
        {
            at += zip.AsSpan(at).IndexOf("PK\x03\x04"u8);
            var nameLength = BitConverter.ToUInt16(zip, at + 26);
            var entry = System.Text.Encoding.UTF8.GetString(zip, at + 30, nameLength);
            if (entry.EndsWith(src, StringComparison.Ordinal))
            {
                return (at + 30 + nameLength + BitConverter.ToUInt16(zip, at + 28), BitConverter.ToInt32(zip, at + 18));
            }
        }
    }
}
