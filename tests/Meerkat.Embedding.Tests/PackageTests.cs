using System.IO.Compression;
using System.Xml.Linq;

namespace Meerkat.Embedding.Tests;

/// <summary>What is in the packages.</summary>
public sealed class PackageTests(FreshProject fresh)
{
    public static TheoryData<string> Names => [.. FreshProject.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Package_HasCodeDocumentationReadmeAndSymbols(string name)
    {
        using var package = ZipFile.OpenRead(fresh.Package(name));
        var files = package.Entries.Select(entry => entry.FullName).ToHashSet();
        Assert.Superset(
            new HashSet<string> { "README.md", $"lib/net10.0/{name}.dll", $"lib/net10.0/{name}.xml", $"{name}.nuspec" }, files);
        using var symbols = ZipFile.OpenRead(fresh.Package(name, ".snupkg"));
        Assert.Contains($"lib/net10.0/{name}.pdb", symbols.Entries.Select(entry => entry.FullName));

        var about = XDocument.Load(package.GetEntry($"{name}.nuspec")!.Open()).Root!.Elements().Single();
        string? Text(string key) => about.Elements().SingleOrDefault(element => element.Name.LocalName == key)?.Value;
        Assert.Equal(("Apache-2.0", "README.md"), (Text("license"), Text("readme")));
        Assert.True(Text("description") is { Length: > 30 });
    }

    [Fact]
    public void PublicApi_IsListedAndDocumented()
    {
        using var package = ZipFile.OpenRead(fresh.Package("Meerkat.Agent"));
        using var listed = new StreamReader(package.GetEntry("PublicAPI.Unshipped.txt")!.Open());
        Assert.Contains("Meerkat.Agent.MeerkatOptions.OnBegin.get", listed.ReadToEnd(), StringComparison.Ordinal);
        var members = XDocument.Load(package.GetEntry("lib/net10.0/Meerkat.Agent.xml")!.Open()).Descendants("member")
            .ToDictionary(member => member.Attribute("name")!.Value, member => (string)member);
        Assert.Contains("M:Microsoft.AspNetCore.Builder.MeerkatEndpoints.MapMeerkat(Microsoft.AspNetCore.Routing.IEndpointRouteBuilder)", members.Keys);
        Assert.Contains("P:Meerkat.Agent.MeerkatOptions.OnBegin", members.Keys);
    }
}
