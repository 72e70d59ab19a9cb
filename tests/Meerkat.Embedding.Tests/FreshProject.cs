using Meerkat.EndToEnd.Tests.Harness;

[assembly: AssemblyFixture(typeof(Meerkat.Embedding.Tests.FreshProject))]

namespace Meerkat.Embedding.Tests;

/// <summary>
/// The packages, packed into a folder, and an application of somebody else's that has nothing but them: the greenhouse sample's code in a
/// project of its own, outside the repository.
/// </summary>
public sealed class FreshProject : IAsyncLifetime
{
    public static readonly string[] Names =
        ["Meerkat.Agent", "Meerkat.Boot", "Meerkat.Core", "Meerkat.Device", "Meerkat.Rpc", "Meerkat.Storage"];

    private const string Version = "0.1.0-fresh";

    public string Folder { get; } = Directory.CreateTempSubdirectory("meerkat-packages-").FullName;

    public string Packages => Path.Combine(Folder, "packages");

    public string Package(string name, string extension = ".nupkg") => Path.Combine(Packages, $"{name}.{Version}{extension}");

    /// <summary>The published application: one file.</summary>
    public string App => Path.Combine(Folder, "out/greenhouse");

    public async ValueTask InitializeAsync()
    {
        foreach (var name in Names)
        {
            await RunAsync(Repository.Root, "pack", $"src/{name}", "-c", "Release", "--no-build", "-o", Packages, $"-p:PackageVersion={Version}");
        }
        var sample = Path.Combine(Repository.Root, "samples/greenhouse");
        foreach (var source in Directory.GetFiles(sample, "*.cs"))
        {
            File.Copy(source, Path.Combine(Folder, Path.GetFileName(source)));
        }
        var project = await File.ReadAllTextAsync(Path.Combine(sample, "greenhouse.csproj"));
        const string reference = "<ProjectReference Include=\"../../src/Meerkat.Agent/Meerkat.Agent.csproj\" />";
        Assert.Contains(reference, project, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(Folder, "greenhouse.csproj"), project
            .Replace(reference, $"<PackageReference Include=\"Meerkat.Agent\" Version=\"{Version}\" />", StringComparison.Ordinal)
            .Replace("<OutputType>", "<TargetFramework>net10.0</TargetFramework><Nullable>enable</Nullable>"
                + "<ImplicitUsings>enable</ImplicitUsings><TreatWarningsAsErrors>true</TreatWarningsAsErrors><OutputType>", StringComparison.Ordinal));
        await File.WriteAllTextAsync(Path.Combine(Folder, "nuget.config"), $"""
            <configuration>
              <packageSources><add key="here" value="{Packages}" /></packageSources>
              <!-- What is installed here is not what another run of this test has left behind. -->
              <config><add key="globalPackagesFolder" value="{Folder}/installed" /></config>
              <fallbackPackageFolders><add key="usual" value="{Usual}" /></fallbackPackageFolders>
            </configuration>
            """);
        await RunAsync(Folder, "publish", "greenhouse.csproj", "-c", "Release", "-o", "out");
    }

    /// <summary>A bundle of the application.</summary>
    /// <param name="version">Its version.</param>
    /// <param name="settings">Its <c>conf0.json</c>.</param>
    /// <param name="contract">Its <c>health.json</c>; none: it has none.</param>
    public async Task<byte[]> BundleAsync(string version, string settings, string? contract = null)
    {
        var fs = Directory.CreateDirectory(Path.Combine(Folder, "fs-" + version)).FullName;
        await File.WriteAllTextAsync(Path.Combine(fs, "conf0.json"), settings);
        File.Delete(Path.Combine(fs, "health.json"));
        if (contract is not null)
        {
            await File.WriteAllTextAsync(Path.Combine(fs, "health.json"), contract);
        }
        var bundle = Path.Combine(Folder, $"greenhouse-{version}.zip");
        var made = await CommandRun.MeerkatAsync(
            "bundle", "create", "--app", App, "--fs", fs, "--name", "greenhouse", "--version", version, "-o", bundle);
        Assert.True(made.ExitCode == 0, made.Error);
        return await File.ReadAllBytesAsync(bundle);
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>Where packages of other people lie already.</summary>
    private static string Usual => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget/packages");

    private static async Task RunAsync(string directory, params string[] arguments)
    {
        var run = await CommandRun.RunInAsync(directory, "dotnet", [.. arguments, "-nologo", "-nodeReuse:false"]);
        Assert.True(run.ExitCode == 0, $"dotnet {string.Join(' ', arguments)}\n{run.Output}{run.Error}");
    }
}
