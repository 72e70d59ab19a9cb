using System.Text;
using Meerkat.Core.Bundles;

namespace Meerkat.Core.Tests.Bundles;

public sealed class ManifestTests
{
    private const string Sha256 = "387e1aa37d69b45d8ab45ad4a12eb92bebac444251ad39229fad98e715bbdb6f";

    /// <summary>A manifest, and a piece of the sentence that refuses it.</summary>
    public static TheoryData<string, string> Bad => new()
    {
        { "", "not valid JSON" },
        { "{", "not valid JSON" },
        { "[]", "must be a JSON object, not an array" },
        { "null", "not null" },
        { "{} trailing", "not valid JSON" },
        { Head("") + "/* comment */", "not valid JSON" },
        { """{"version":"1","build_id":"b","parts":{}}""", "lacks the required field 'platform'" },
        { """{"platform":"p","build_id":"b","parts":{}}""", "lacks the required field 'version'" },
        { """{"platform":"p","version":"1","parts":{}}""", "lacks the required field 'build_id'" },
        { """{"platform":"p","version":"1","build_id":"b"}""", "lacks the required field 'parts'" },
        { """{"platform":"p","version":"","build_id":"b","parts":{}}""", "lacks the required field 'version'" },
        { """{"platform":"p","version":1.0,"build_id":"b","parts":{}}""", "version must be a text, not a number" },
        { """{"platform":null,"version":"1","build_id":"b","parts":{}}""", "platform must be a text, not null" },
        { """{"platform":"p","version":"1","build_id":"b","parts":[]}""", "'parts' must be an object, not an array" },
        { Head(""","name":7"""), "name must be a text" },
        { Head(""","version":"2" """), "Duplicate" },
        { Head(""","ready":"never" """), "'ready' must be \"notify\" or \"alive\", not \"never\"" },
        { Head(""","ready":true"""), "ready must be a text, not a truth value" },
        { Head(""","description":"\ud800" """), "half of a surrogate pair" },
        { Head(""","x":""" + new string('[', 20) + new string(']', 20)), "not valid JSON" },
        { Versioned(new string('v', 65)), "version has 65 bytes; at most 64" },
        { Versioned(string.Concat(Enumerable.Repeat("ü", 33))), "version has 66 bytes; at most 64" },
        { Versioned("1\\n"), "version holds a control character" },
        { $$"""{"platform":"p","version":"1","build_id":"{{new string('b', 129)}}","parts":{} }""", "build_id has 129 bytes" },
        { Part("[]"), "part 'app' must be an object" },
        { Part("""{"src":"a","x":1,"x":2}"""), "Duplicate" },
        { Part("""{"src":{"a":{}}}"""), "whole folder" },
        { Part("""{"src":""}"""), "'' is empty" },
        { Part("""{"src":"../x"}"""), "'..'" },
        { Part("""{"src":"/x"}"""), "absolute" },
        { Part("""{"src":"a\\b"}"""), "backslash" },
        { Part("""{"src":"x/"}"""), "is a folder" },
        { Part("""{"src":"manifest.json"}"""), "is the manifest itself" },
        { Part($$"""{"src":"{{new string('n', 50)}}"}"""), "at most 49" },
        { Part("""{"size":-1}"""), "must be between 0 and" },
        { Part("""{"size":68719476737}"""), "must be between 0 and" },
        { Part("""{"size":99999999999999999999}"""), "whole number" },
        { Part("""{"size":1.5}"""), "whole number" },
        { Part("""{"size":1e3}"""), "whole number" },
        { Part("""{"size":"010"}"""), "whole number" },
        { Part("""{"size":" 1"}"""), "whole number" },
        { Part("""{"size":"0x"}"""), "whole number" },
        { Part("""{"size":"0xFFFFFFFFFFFFFFFF"}"""), "must be between 0 and" },
        { Part("""{"size":null}"""), "whole number, not null" },
        { Part("""{"cs_sha1":"12"}"""), "40 hexadecimal digits" },
        { Part($$"""{"cs_sha256":"{{Sha256[1..]}}g"}"""), "64 hexadecimal digits" },
        { Part($$"""{"cs_sha256":"{{Sha256[1..]}}"}"""), "64 hexadecimal digits" },
        { Part("""{"type":"x\u0000"}"""), "control character" },
        { Parts("""{"a":{"src":"x"},"b":{"src":"x"}}"""), "the parts 'a' and 'b' both name the file 'x'" },
        { Parts("""{"a":{},"a":{}}"""), "Duplicate" },
        { Parts("""{"":{}}"""), "part's name" },
        { Parts($$"""{{{string.Join(',', Enumerable.Range(0, 65).Select(i => $"\"p{i}\":{{}}"))}}}"""), "'parts' has 65 members" },
        { Head(""","x":" """ + new string('x', 65536) + "\""), "at most 65536" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void BadManifest_IsRejected(string json, string says)
    {
        var rejected = Assert.IsType<ManifestParse.Rejected>(Manifest.Parse(Encoding.UTF8.GetBytes(json)));
        Assert.Contains(says, rejected.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void InvalidUtf8_IsRejected()
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes(Head(""","x":" """)), 0xC3, 0x28, .. "\"}"u8];
        Assert.Contains("UTF-8", Assert.IsType<ManifestParse.Rejected>(Manifest.Parse(bytes)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void WholeManifest_IsParsed()
    {
        var manifest = Parse($$"""
            {"platform":"Linux-x64","version":"1.4.0","build_id":"20230411-101500/g1","build_timestamp":"2023-04-11T10:15:00Z",
             "description":"Greenhouse\ncontroller","name":"greenhouse","ready":"notify","site":{"id":7},
             "parts":{
               "fs":{"type":"fs","src":"fs.tar","size":"0x1000","cs_sha1":"{{new string('A', 40)}}"},
               "app":{"src":"a/app.bin","size":"4096","cs_sha256":"{{Sha256.ToUpperInvariant()}}","encrypt":true},
               "nvs":{"fill":255,"size":16384} } }
            """);
        Assert.Equal(("greenhouse", "Linux-x64", "1.4.0", "20230411-101500/g1"),
            (manifest.Name, manifest.Platform, manifest.Version, manifest.BuildId));
        Assert.Equal(("2023-04-11T10:15:00Z", "Greenhouse\ncontroller", ReadyRule.Notify),
            (manifest.BuildTimestamp, manifest.Description, manifest.Ready));
        Assert.Equal("{\"id\":7}", manifest.Attributes["site"]);
        Assert.Equal(["app", "fs", "nvs"], manifest.Parts.Keys);
        Assert.Equal((4096L, Sha256, "a/app.bin", "true"), (manifest.Parts["app"].Size!.Value,
            manifest.Parts["app"].CsSha256.ToString(), manifest.Parts["app"].Src, manifest.Parts["app"].Attributes["encrypt"]));
        Assert.Equal((4096L, new string('a', 40)), (manifest.Parts["fs"].Size!.Value, manifest.Parts["fs"].CsSha1));
        Assert.Null(manifest.Parts["nvs"].Src);
        Assert.True(manifest.RunsOn("linux-x64"));
        Assert.False(manifest.RunsOn("linux-x6"));
    }

    [Fact]
    public void LeastManifest_IsParsed()
    {
        var manifest = Parse(Head(""));
        Assert.Equal(("", "p", "1", "b"), (manifest.Name, manifest.Platform, manifest.Version, manifest.BuildId));
        Assert.Null(manifest.Ready);
    }

    [Theory]
    [InlineData("""{"app":{"src":"a"},"fs":{"src":"f"}}""", "app", "fs")]
    [InlineData("""{"app":{"src":"a"}}""", "app", null)]
    [InlineData("""{"main":{"type":"app","src":"a"},"disk":{"type":"fs","src":"f"}}""", "main", "disk")]
    [InlineData("""{"app":{"src":"a"},"other":{"type":"app","src":"b"}}""", "app", null)]
    public void HostParts_AreFoundByNameThenType(string parts, string app, string? fs)
    {
        var found = Assert.IsType<HostParts.Found>(HostParts.Of(Parse(Parts(parts))));
        Assert.Equal((app, fs), (found.App.Name, found.Fs?.Name));
    }

    [Theory]
    [InlineData("{}", "no part 'app'")]
    [InlineData("""{"fs":{"src":"f"}}""", "no part 'app'")]
    [InlineData("""{"app":{"fill":255,"size":4}}""", "part 'app' has no 'src'")]
    [InlineData("""{"app":{"src":"a"},"fs":{"fill":255}}""", "part 'fs' has no 'src'")]
    [InlineData("""{"x":{"type":"app","src":"a"},"y":{"type":"app","src":"b"}}""", "'x' and 'y' are both")]
    [InlineData("""{"app":{"src":"a"},"agent":{"src":"b"}}""", "reserved")]
    public void PartsAHostCannotInstall_AreRejected(string parts, string says)
    {
        var rejected = Assert.IsType<HostParts.Rejected>(HostParts.Of(Parse(Parts(parts))));
        Assert.Contains(says, rejected.Reason, StringComparison.Ordinal);
    }

    private static Manifest Parse(string json) =>
        Assert.IsType<ManifestParse.Parsed>(Manifest.Parse(Encoding.UTF8.GetBytes(json))).Manifest;

    private static string Head(string more) => """{"platform":"p","version":"1","build_id":"b","parts":{}""" + more + "}";

    private static string Versioned(string version) =>
        $$"""{"platform":"p","version":"{{version}}","build_id":"b","parts":{} }""";

    private static string Parts(string parts) =>
        $$"""{"platform":"p","version":"1","build_id":"b","parts":{{parts}} }""";

    private static string Part(string part) => Parts($$"""{"app":{{part}} }""");
}
