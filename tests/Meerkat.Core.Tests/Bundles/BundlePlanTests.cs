using System.Collections.Immutable;
using System.IO.Compression;
using System.Text;
using CsCheck;
using Meerkat.Core.Bundles;

namespace Meerkat.Core.Tests.Bundles;

public sealed class BundlePlanTests
{
    private static readonly ImmutableSortedDictionary<string, string> Signature =
        ImmutableSortedDictionary<string, string>.Empty.Add("sig0", "MEUCIBqo+/==");

    [Fact]
    public void SameRecipe_GivesTheFrozenBytes() => Assert.Equal(GoldenBundleTests.Zip("written"), Write(Recipe(), Signature));

    [Fact]
    public void OrderOfPartsAndAttributes_DoesNotMatter()
    {
        var recipe = Recipe();
        Assert.Equal(Write(recipe), Write(recipe with { Parts = [.. recipe.Parts.Reverse()] }));
    }

    [Fact]
    public void DerivedBuildId_FollowsTheContent()
    {
        var one = Plan(Recipe() with { BuildId = null }).Manifest.BuildId;
        Assert.Equal(one, Plan(Recipe() with { BuildId = null, Version = "2" }).Manifest.BuildId);
        Assert.NotEqual(one, Plan(Recipe("other") with { BuildId = null }).Manifest.BuildId);
        Assert.Equal(12, one.Length);
    }

    [Fact]
    public void WrittenBundle_ReadsBack() => Gen.Select(Gen.Byte.Array[0, 5000], Gen.Byte.Array[0, 5000], Gen.Int[1, 999]).Sample(
        (app, fs, piece) =>
        {
            var recipe = Recipe() with { Parts = [Part("app", "app", app), Part("fs", "fs.img", fs)] };
            var zip = Write(recipe, Signature);
            var to = new Recording();
            Assert.Null(ZipBytes.Read(zip, to, [piece], announced: zip.Length));
            Assert.Equal(app, to.Data["app"]);
            Assert.Equal(fs, to.Data["fs"]);
            Assert.Equal(Signature, to.Head!.Attributes);
        },
        iter: 100);

    [Fact]
    public void WrittenBundle_IsAZipForOthers()
    {
        using var zip = new ZipArchive(new MemoryStream(Write(Recipe(), Signature)));
        Assert.Equal(["manifest.json", "app", "fs.tar"], zip.Entries.Select(e => e.FullName));
        Assert.All(zip.Entries, e => Assert.Equal(e.Length, e.CompressedLength));
        using var app = new StreamReader(zip.Entries[1].Open());
        Assert.Equal("application", app.ReadToEnd());
    }

    [Fact]
    public void ManifestOfAWrittenBundle_SaysWhatTheRecipeSays()
    {
        var manifest = Plan(Recipe()).Manifest;
        Assert.Equal(("thermostat", "linux-x64", "1.0+g", "b/1"),
            (manifest.Name, manifest.Platform, manifest.Version, manifest.BuildId));
        Assert.Equal(("Warm & dry", ReadyRule.Notify, "\"lab\""),
            (manifest.Description, manifest.Ready, manifest.Attributes["site"]));
        Assert.Equal(11, manifest.Parts["app"].Size);
        Assert.NotNull(manifest.Parts["app"].CsSha1);
        Assert.NotNull(manifest.Parts["app"].CsSha256);
    }

    public static TheoryData<string, string> Impossible => new()
    {
        { "version", "at most 64" },
        { "name", "control character" },
        { "src", "at most 49" },
        { "same part", "same name" },
        { "same src", "both name the file" },
        { "attribute", "'version' is a field of the manifest itself" },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public void ImpossibleRecipe_IsRefused(string what, string says)
    {
        var good = Recipe();
        var recipe = what switch
        {
            "version" => good with { Version = new string('1', 65) },
            "name" => good with { Name = "a\nb" },
            "src" => good with { Parts = [Part("app", new string('s', 50), [])] },
            "same part" => good with { Parts = [good.Parts[0], good.Parts[0] with { Src = "other" }] },
            "same src" => good with { Parts = [good.Parts[0], good.Parts[1] with { Src = "app" }] },
            _ => good with { Attributes = good.Attributes.Add("version", "2") },
        };
        Assert.Contains(says, Assert.IsType<BundlePlanning.Refused>(BundlePlan.Prepare(recipe)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void PartThatChangesMeanwhile_IsAnError()
    {
        var opened = 0;
        var recipe = Recipe() with
        {
            Parts = [new PartRecipe("app", "app", "app", () => new MemoryStream([(byte)opened++]))],
        };
        var plan = Plan(recipe);
        Assert.Throws<IOException>(() => plan.WriteTo(Stream.Null));
    }

    [Fact]
    public void TooManyAttributes_AreAnError() => Assert.Throws<InvalidDataException>(
        () => Plan(Recipe()).WriteTo(Stream.Null, Signature.Add("x", new string('x', 65536))));

    private static BundleRecipe Recipe(string app = "application") => new("thermostat", "linux-x64", "1.0+g", "b/1",
        [Part("app", "app", Encoding.UTF8.GetBytes(app)), Part("fs", "fs.tar", TarBytes.Tar(TarMemberBytes.File("a", "b")))])
    {
        Description = "Warm & dry",
        Ready = ReadyRule.Notify,
        Attributes = ImmutableSortedDictionary<string, string>.Empty.Add("site", "lab").Add("line", "ü"),
    };

    private static PartRecipe Part(string name, string src, byte[] data) => new(name, name, src, () => new MemoryStream(data));

    private static BundlePlan Plan(BundleRecipe recipe) =>
        Assert.IsType<BundlePlanning.Planned>(BundlePlan.Prepare(recipe)).Plan;

    private static byte[] Write(BundleRecipe recipe, ImmutableSortedDictionary<string, string>? attributes = null)
    {
        using var zip = new MemoryStream();
        Plan(recipe).WriteTo(zip, attributes);
        return zip.ToArray();
    }
}
