using System.Text;
using CsCheck;
using Meerkat.Core.Bundles;
using static Meerkat.Core.Bundles.BundleProblemCode;
using static Meerkat.Core.Tests.Bundles.ZipBytes;

namespace Meerkat.Core.Tests.Bundles;

public sealed class BundleReaderTests
{
    private static readonly int[][] PieceSizes = [[1], [7, 1, 30], [int.MaxValue]];

    private static readonly byte[] Zip64Extra = [1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>What is spoiled, what it is refused as, and a piece of the sentence.</summary>
    private static readonly Dictionary<string, (byte[] Zip, BundleProblemCode Code, string Says)> Refusals = new()
    {
        ["nothing"] = ([], Truncated, "not a single byte"),
        ["a web page"] = (Encoding.UTF8.GetBytes("<html>404</html>"), NotAZip, "begins with 3c68746d"),
        ["an empty zip"] = ([.. "PK\x05\x06"u8, .. new byte[18]], ManifestNotFirst, "no entries"),
        ["no manifest first"] = (Zip(GoodApp, GoodManifest), ManifestNotFirst, "'app' is the first entry"),
        ["a folder first"] = (Zip(new ZipEntryBytes("top/", []), GoodManifest), ManifestNotFirst, "manifest.json"),
        ["a nested manifest"] = (Zip(GoodManifest with { Name = "a/b/manifest.json" }), ManifestNotFirst, "b/manifest.json"),
        ["a huge manifest"] = (Zip(new ZipEntryBytes("manifest.json", new byte[65537])), ManifestTooLarge, "65536"),
        ["a manifest of garbage"] = (Zip(ZipEntryBytes.Text("manifest.json", "{")), ManifestInvalid, "not valid JSON"),
        ["a manifest with a wrong CRC"] = (Zip(GoodManifest with { Crc = 1 }), CrcMismatch, "header says 00000001"),
        ["an encrypted entry"] = (Zip(GoodManifest, GoodApp with { Flags = 1 }), Encrypted, "encrypted"),
        ["strong encryption"] = (Zip(GoodManifest, GoodApp with { Flags = 0x41 }), Encrypted, "encrypted"),
        ["a hidden header"] = (Zip(GoodManifest, GoodApp with { Flags = 1 << 13 }), Encrypted, "encrypted"),
        ["a descriptor"] = (Zip(GoodManifest, GoodApp with { Flags = 8, Size = 0, Packed = 0, Crc = 0 }), DataDescriptor, "descriptor"),
        ["zip64 sizes"] = (Zip(GoodManifest, GoodApp with { Size = uint.MaxValue, Packed = uint.MaxValue }), Zip64, "zip64"),
        ["a zip64 record"] = (Zip(GoodManifest, GoodApp with { Extra = Zip64Extra }), Zip64, "zip64"),
        ["bzip2"] = (Zip(GoodManifest, GoodApp with { Method = 12 }), UnsupportedMethod, "method 12"),
        ["stored with two sizes"] = (Zip(GoodManifest, GoodApp with { Packed = 10 }), SizeMismatch, "sizes differ"),
        ["a name with .."] = (Zip(GoodManifest, GoodApp with { Name = "top/../app" }), BadName, "'..'"),
        ["an absolute name"] = (Zip(GoodManifest, GoodApp with { Name = "/app" }), BadName, "absolute"),
        ["a backslash"] = (Zip(GoodManifest, GoodApp with { Name = "top\\app" }), BadName, "backslash"),
        ["a control character"] = (Zip(GoodManifest, GoodApp with { Name = "app\n" }), BadName, "control"),
        ["no name"] = (Zip(GoodManifest, GoodApp with { Name = "" }), BadName, "empty"),
        ["an empty folder name"] = (Zip(GoodManifest, GoodApp with { Name = "a//b" }), BadName, "empty"),
        ["a name of 50 bytes"] = (Zip(GoodManifest, GoodApp with { Name = new string('n', 50) }), BadName, "49"),
        ["a very long name"] = (Zip(GoodManifest, GoodApp with { Name = new string('n', 60000) }), BadName, "60000"),
        ["a name that is not UTF-8"] = (Zip(GoodManifest, GoodApp with { NameBytes = [0xC3, 0x28] }), BadName, "UTF-8"),
        ["an entry twice"] = (Zip(GoodManifest, GoodApp, GoodApp with { Name = "top/app" }), EntryTwice, "'app' is there twice"),
        ["the manifest twice"] = (Zip(GoodManifest, GoodManifest, GoodApp), EntryTwice, "manifest.json"),
        ["65 entries"] = (Zip([GoodManifest, .. Enumerable.Range(0, 64).Select(i => ZipEntryBytes.Text($"e{i}", ""))]),
            TooManyEntries, "more than 64"),
        ["a part too long"] = (Zip(GoodManifest, GoodApp with { Data = [.. App, 0] }), SizeMismatch, "manifest says 3000"),
        ["a part too short"] = (Zip(GoodManifest, GoodApp with { Data = App[1..] }), SizeMismatch, "has 2999 bytes"),
        ["a wrong CRC"] = (Zip(GoodManifest, GoodApp with { Crc = 0xDEAD }), CrcMismatch, "'app' is damaged"),
        ["a wrong SHA-256"] = (Zip(GoodManifest, GoodApp with { Data = new byte[App.Length] }), DigestMismatch, AppSha256),
        ["a wrong SHA-256, no CRC"] = (Zip(GoodManifest, GoodApp with { Data = new byte[App.Length], Crc = 0 }), DigestMismatch, AppSha256),
        ["a wrong SHA-1"] = (Zip(Manifest($$"""{"app":{"src":"app","cs_sha1":"{{AppSha1}}"} }"""), ZipEntryBytes.Text("app", "x")),
            DigestMismatch, AppSha1),
        ["neither CRC nor digest"] = (Zip(Manifest("""{"app":{"src":"app"}}"""), GoodApp with { Crc = 0 }), Unprotected, "neither"),
        ["a missing part"] = (Zip(Manifest("""{"fs":{"src":"fs.tar"}}"""), GoodApp), PartMissing, "part 'fs' (fs.tar) is missing"),
        ["garbage between entries"] = ([.. Zip(GoodManifest)[..^60], .. "garbage"u8], NotAZip, "malformed"),
        ["no deflate"] = (Zip(GoodManifest, GoodApp with { Method = 8, PackedData = [.. App.Reverse()] }), BadDeflate, "not deflate"),
        ["deflated to less"] = (Zip(GoodManifest, new ZipEntryBytes("app", App[..2000]).Deflated() with { Size = 3000 }),
            BadDeflate, "2000 bytes"),
        ["deflated to more"] = (Zip(GoodManifest, new ZipEntryBytes("app", [.. App, 0]).Deflated() with { Size = 3000 }),
            BadDeflate, "more than the 3000 bytes"),
        ["an impossible ratio"] = (Zip(GoodManifest, GoodApp with { Method = 8, PackedData = [3, 0] }), BadDeflate, "cannot"),
        ["a manifest that inflates to more"] = (
            Zip(new ZipEntryBytes("manifest.json", new byte[70_000]).Deflated() with { Size = 60_000 }), BadDeflate, "60000"),
        ["attributes that overrun"] = (Zip(GoodManifest with { Extra = [0x3A, 0x29, 9, 0, 1] }), BadExtraField, "extra field"),
        ["attributes that are no JSON"] = (Zip(GoodManifest with { Extra = [0x3A, 0x29, 1, 0, (byte)'{'] }), BadExtraField, "JSON"),
        ["attributes that are a list"] = (Zip(GoodManifest with { Extra = [0x3A, 0x29, 2, 0, .. "[]"u8] }), BadExtraField, "object"),
        ["attributes twice"] = (Zip(GoodManifest with { Extra = [0x3A, 0x29, 13, 0, .. "{\"a\":1,\"a\":2}"u8] }), BadExtraField, "JSON"),
    };

    public static TheoryData<string> Spoiled => [.. Refusals.Keys];

    [Theory]
    [MemberData(nameof(Spoiled))]
    public void SpoiledBundle_IsRefused(string spoiled)
    {
        var (zip, code, says) = Refusals[spoiled];
        foreach (var pieces in PieceSizes)
        {
            var to = new Recording();
            var problem = Read(zip, to, pieces);
            Assert.Equal((code, true), (problem?.Code ?? Stopped, problem?.Text.Contains(says, StringComparison.Ordinal)));
            Assert.DoesNotContain("end", to.Events);
        }
    }

    [Fact]
    public void GoodBundle_IsRead()
    {
        var to = new Recording();
        Assert.Null(Read(Zip(GoodManifest, GoodApp), to, [1000]));
        Assert.Equal(["manifest n 1 b linux-x64", $"part app 3000 {AppSha256}", "end"], to.Events);
        Assert.Equal(App, to.Data["app"]);
    }

    [Theory]
    [InlineData("any/app", 0)]
    [InlineData("app", 0x0806)] // UTF-8 names and the level of deflate are no concern
    public void HarmlessVariation_IsRead(string name, int flags)
    {
        var flagged = (ushort)(flags & ~8);
        Assert.Null(Read(Zip(GoodManifest, GoodApp with { Name = name, Flags = flagged }), new Recording(), [1000]));
    }

    [Fact]
    public void HeaderWithoutCrc_IsReadWhenADigestIsDeclared()
    {
        var sha1 = Manifest($$"""{"app":{"src":"app","cs_sha1":"{{AppSha1.ToUpperInvariant()}}"} }""") with { Crc = 0 };
        Assert.Null(Read(Zip(sha1, GoodApp with { Crc = 0 }), new Recording(), [1000]));
    }

    [Fact]
    public void WrongSha1_DoesNotMatterBesideSha256()
    {
        var both = Manifest(
            $$"""{"app":{"src":"app","cs_sha1":"{{new string('0', 40)}}","cs_sha256":"{{AppSha256}}"} }""");
        Assert.Null(Read(Zip(both, GoodApp), new Recording(), [1000]));
    }

    [Fact]
    public void EmptyPart_IsRead()
    {
        var to = new Recording();
        var empty = new ZipEntryBytes("app", []);
        Assert.Null(Read(Zip(Manifest("""{"app":{"src":"app","size":0}}"""), empty), to, [1]));
        Assert.Null(Read(Zip(Manifest("""{"app":{"src":"app"}}"""), empty.Deflated()), to, [1]));
        Assert.Empty(to.Data["app"]);
    }

    [Fact]
    public void FilledPart_NeedsNoEntry() =>
        Assert.Null(Read(Zip(Manifest("""{"nvs":{"fill":255,"size":16}}""")), new Recording(), [1]));

    [Fact]
    public void SkippedPart_IsNeitherHandedOnNorChecked()
    {
        var to = new Recording { Skip = "app" };
        Assert.Null(Read(Zip(GoodManifest, GoodApp with { Crc = 5 }), to, [10]));
        Assert.Equal(["manifest n 1 b linux-x64", "end"], to.Events);
    }

    [Theory]
    [InlineData("manifest")]
    [InlineData("begin")]
    [InlineData("data")]
    [InlineData("end")]
    public void SinkThatSaysNo_StopsTheReading(string at)
    {
        var to = new Recording { StopAt = at };
        using var reader = new BundleReader(to);
        Assert.Equal(Stopped, reader.Push(Zip(GoodManifest, GoodApp))?.Code);
        Assert.Equal(Stopped, reader.Complete()?.Code);
        Assert.False(reader.Ended);
    }

    [Fact]
    public void AfterAProblem_NothingMoreIsRead()
    {
        var to = new Recording();
        using var reader = new BundleReader(to);
        var first = reader.Push("nonsense"u8);
        Assert.NotNull(first);
        Assert.Same(first, reader.Push(Zip(GoodManifest, GoodApp)));
        Assert.Same(first, reader.Complete());
        Assert.Empty(to.Events);
    }

    [Fact]
    public void EntryBeyondTheAnnouncedEnd_IsRefusedBeforeItsData()
    {
        var to = new Recording();
        var zip = Zip(GoodManifest, GoodApp);
        var problem = Read(zip, to, [1], announced: zip.Length - 100);
        Assert.Equal(SizeMismatch, problem?.Code);
        Assert.True(problem!.Offset < zip.Length - App.Length);
        Assert.Single(to.Events);
    }

    [Fact]
    public void FewerBytesThanAnnounced_AreTruncated()
    {
        var zip = Zip(GoodManifest, GoodApp);
        Assert.Null(Read(zip, new Recording(), [100], announced: zip.Length));
        Assert.Equal(Truncated, Read(zip.AsSpan(0, zip.Length - 1), new Recording(), [100], announced: zip.Length)?.Code);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(22)]
    [InlineData(40)]
    public void CutInTheDirectory_IsTruncated(int missing)
    {
        var zip = Zip(GoodManifest, GoodApp);
        Assert.Equal(Truncated, Read(zip.AsSpan(0, zip.Length - missing), new Recording(), [100])?.Code);
    }

    [Fact]
    public void CommentOfTheArchive_MustBeWhole()
    {
        var zip = Zip(GoodManifest, GoodApp);
        zip[^2] = 5;
        Assert.Null(Read([.. zip, .. "hello"u8], new Recording(), [7]));
        Assert.Equal(Truncated, Read([.. zip, .. "hell"u8], new Recording(), [7])?.Code);
    }

    [Fact]
    public void EndlessRest_IsRefused()
    {
        var limits = BundleLimits.Default with { DirectoryBytes = 1000 };
        var problem = Read([.. Zip(GoodManifest, GoodApp), .. new byte[1000]], new Recording(), [100], limits);
        Assert.Equal(TrailingData, problem?.Code);
    }

    [Fact]
    public void DeflateBomb_HandsOnNoMoreThanItDeclares()
    {
        var bomb = new ZipEntryBytes("app", new byte[20_000_000]).Deflated() with { Size = 3000 };
        var to = new Counting();
        using var reader = new BundleReader(to);
        Assert.Equal(BadDeflate, reader.Push(Zip(GoodManifest, bomb))?.Code);
        Assert.InRange(to.Bytes, 0, 3000);
    }

    [Fact]
    public void AnyByteChanged_IsAnsweredTheSameInAnyPieces() => Gen.Select(Gen.Int[0, 4000], Gen.Byte, Gen.Int[1, 50]).Sample(
        (where, value, piece) =>
        {
            var zip = Zip(GoodManifest.Deflated() with { Extra = [0x3A, 0x29, 2, 0, .. "{}"u8] }, GoodApp.Deflated());
            zip[where % zip.Length] = value;
            var whole = new Recording();
            var pieces = new Recording();
            Assert.Equal(Read(zip, whole, [int.MaxValue])?.Code, Read(zip, pieces, [piece])?.Code);
            Assert.Equal(whole.Events, pieces.Events);
        },
        iter: 3000);

    [Fact]
    public void ThrowingSink_LeavesTheReaderClosed()
    {
        using var reader = new BundleReader(new Counting { Fails = true });
        Assert.Throws<IOException>(() => reader.Push(Zip(GoodManifest, GoodApp)));
        Assert.Equal(Stopped, reader.Push([1])?.Code);
        Assert.Equal(Stopped, reader.Complete()?.Code);
    }

    private sealed class Counting : IBundleSink
    {
        public long Bytes { get; private set; }
        public bool Fails { get; init; }

        public bool Manifest(BundleHead head) => true;

        public PartChoice PartBegin(BundlePart part) => PartChoice.Take;

        public bool PartData(ReadOnlySpan<byte> data)
        {
            Bytes += data.Length;
            return Fails ? throw new IOException("no space left on device") : true;
        }

        public bool PartEnd(CompletedPart part) => true;

        public void End()
        {
        }
    }
}
