using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>Who may use whom, read from the project files and from what the compiler made of them.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Meerkat.Core"] = [],
        ["Meerkat.Storage"] = ["Meerkat.Core"],
        ["Meerkat.Rpc"] = ["Meerkat.Core"],
        ["Meerkat.Boot"] = ["Meerkat.Storage"],
        ["Meerkat.Device"] = ["Meerkat.Boot", "Meerkat.Rpc"],
        ["Meerkat.Agent"] = ["Meerkat.Device"],
        ["Meerkat.Simulator"] = ["Meerkat.Device"],
        ["meerkat-boot"] = ["Meerkat.Boot"],
        ["meerkat-agent"] = ["Meerkat.Agent"],
        ["meerkat"] = ["Meerkat.Device", "Meerkat.Simulator"],
    };

    /// <summary>Assemblies that can speak to a network, by the beginning of their names.</summary>
    private static readonly string[] Network =
    [
        "Meerkat.Rpc", "Meerkat.Device", "Meerkat.Agent", "Microsoft.AspNetCore", "Microsoft.Extensions", "MQTTnet", "System.Net.Http",
        "System.Net.WebSockets", "System.Net.Requests", "System.Net.WebClient", "System.Net.Mail", "System.Net.Quic", "System.Net.Security",
        "System.Net.HttpListener", "System.Net.NameResolution", "System.Net.Ping",
    ];

    /// <summary>Types that decisions must not know: input and output, clock, chance, threads, processes.</summary>
    private static readonly string[] NotInCore =
    [
        "System.Threading.", "System.Net.Sockets.Socket", "System.Net.Sockets.Tcp", "System.Net.Sockets.Udp", "System.Net.Http.", "System.Net.Dns", "System.IO.File", "System.IO.Directory", "System.IO.Drive", "System.IO.Path",
        "System.Diagnostics.Process", "System.Diagnostics.Stopwatch", "System.Console", "System.Environment", "System.Random",
        "System.TimeProvider", "System.Security.Cryptography.RandomNumberGenerator", "Microsoft.Extensions.",
    ];

    [Fact]
    public void Projects_UseOnlyWhatTheArrowsSay()
    {
        var found = Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Concat(Directory.GetFiles(Path.Combine(Repository.Root, "apps"), "*.csproj", SearchOption.AllDirectories))
            .ToDictionary(
                path => Path.GetFileNameWithoutExtension(path),
                path => XDocument.Load(path).Descendants("ProjectReference")
                    .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')))
                    .Order(StringComparer.Ordinal).ToArray());
        Assert.Equal(Arrows.Keys.Order(StringComparer.Ordinal), found.Keys.Order(StringComparer.Ordinal));
        Assert.All(Arrows, arrow => Assert.Equal(arrow.Value, found[arrow.Key]));
    }

    [Fact]
    public void BootLoader_LoadsNothingThatSpeaksToANetwork()
    {
        var own = Directory.GetFiles(Path.Combine(Repository.Root, "bin", "meerkat-boot"), "*.dll");
        Assert.Contains(own, path => Path.GetFileName(path) == "Meerkat.Boot.dll");
        var used = own.Select(path => Path.GetFileNameWithoutExtension(path)!).Concat(own.SelectMany(References)).Distinct().ToList();
        Assert.DoesNotContain(used, name => Network.Any(word => name.StartsWith(word, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("src/Meerkat.Boot")]
    [InlineData("src/Meerkat.Storage")]
    [InlineData("apps/meerkat-boot")]
    public void BootLoader_NamesNoSocketFamilyButUnix(string folder) => Assert.All(
        Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
            .SelectMany(path => SocketFamily().Matches(File.ReadAllText(path))),
        family => Assert.Equal("Unix", family.Groups[1].Value));

    [Fact]
    public async Task BootLoaderThatRuns_HasNoSocketOfTheInternet()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var internet = ((string[])["tcp", "tcp6", "udp", "udp6", "raw", "raw6"])
            .Select(table => $"/proc/net/{table}").Where(File.Exists)
            .SelectMany(table => File.ReadLines(table).Skip(1))
            .Select(line => $"socket:[{line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[9]}]")
            .ToHashSet();

        Assert.Contains(ProcessLook.Sockets(device.Agent), internet.Contains);
        var sockets = ProcessLook.Sockets(device.BootLoader);
        Assert.NotEmpty(sockets);
        Assert.DoesNotContain(sockets, internet.Contains);
    }

    [Fact]
    public void Core_OnlyDecides()
    {
        var types = TypesUsed(Path.Combine(Repository.Root, "bin", "meerkat-boot", "Meerkat.Core.dll")).ToList();
        Assert.Contains("System.Object", types);
        Assert.DoesNotContain(types, type => NotInCore.Any(word => type.StartsWith(word, StringComparison.Ordinal)));
    }

    [Fact]
    public void NativeCalls_AreMadeInThePosixFoldersOnly()
    {
        var callers = Arrows.Keys.Where(name => name.StartsWith("Meerkat.", StringComparison.Ordinal) && name != "Meerkat.Simulator")
            .SelectMany(name => NativeCallers(Path.Combine(Repository.Root, "bin", "meerkat-agent", name + ".dll")))
            .Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(["Meerkat.Boot.Posix", "Meerkat.Rpc.Posix", "Meerkat.Storage.Posix"], callers);
    }

    private static List<string> References(string path) => Read(path, metadata => metadata.AssemblyReferences
        .Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name)));

    private static List<string> TypesUsed(string path) => Read(path, metadata => metadata.TypeReferences
        .Select(metadata.GetTypeReference)
        .Select(type => $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}"));

    private static List<string> NativeCallers(string path) => Read(path, metadata => metadata.MethodDefinitions
        .Select(metadata.GetMethodDefinition)
        .Where(method => method.Attributes.HasFlag(MethodAttributes.PinvokeImpl))
        .Select(method => Namespace(metadata, metadata.GetTypeDefinition(method.GetDeclaringType()))));

    private static string Namespace(MetadataReader metadata, TypeDefinition type) => type.GetDeclaringType() is { IsNil: false } outer
        ? Namespace(metadata, metadata.GetTypeDefinition(outer))
        : metadata.GetString(type.Namespace);

    private static List<string> Read(string path, Func<MetadataReader, IEnumerable<string>> read)
    {
        using var file = new PEReader(File.OpenRead(path));
        return [.. read(file.GetMetadataReader())];
    }

    [GeneratedRegex(@"AddressFamily\.(\w+)")]
    private static partial Regex SocketFamily();
}
