using System.Globalization;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.Packaging.Tests;

/// <summary>The packages as <c>packaging/build-deb</c> makes them from the native programs; built once for all tests.</summary>
internal static class Packages
{
    /// <summary>Not where the user's own are.</summary>
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "packages");

    private static readonly Lazy<Task> Built = new(() => BuildAsync(HasArm ? "all" : "amd64", Folder));

    public static string Artifacts { get; } = Path.Combine(Repository.Root, "artifacts");

    public static bool HasNative => File.Exists(Path.Combine(Artifacts, "meerkat")) && OnAmd;

    public static bool HasArm => File.Exists(Path.Combine(Artifacts, "linux-arm64", "meerkat")) && OnAmd;

    public static string Version { get; } = System.Xml.Linq.XDocument.Load(Path.Combine(Repository.Root, "Directory.Build.props"))
        .Descendants("Version").Single().Value;

    private static bool OnAmd => System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture
        == System.Runtime.InteropServices.Architecture.X64;

    /// <summary>Path of a package; the test is skipped where the programs for it have not been built.</summary>
    public static async Task<string> PathAsync(string name, string architecture = "amd64")
    {
        Assert.SkipUnless(HasNative, "./build has not made the native programs");
        Assert.SkipUnless(architecture == "amd64" || HasArm, "./build --rid linux-arm64 has not made the programs");
        await Built.Value;
        return Path.Combine(Folder, $"{name}_{Version}_{architecture}.deb");
    }

    /// <summary>A package with the same contents and a later version.</summary>
    /// <param name="package">The package.</param>
    /// <param name="folder">Where to make it.</param>
    /// <param name="version">The later version.</param>
    /// <param name="change">A line of shell that changes the contents, run in their directory.</param>
    public static async Task<string> LaterAsync(string package, string folder, string version, string change = "true")
    {
        var tree = Path.Combine(folder, "tree-" + version);
        var later = Path.Combine(folder, version + ".deb");
        await CheckedAsync("dpkg-deb", "-R", package, tree);
        var control = Path.Combine(tree, "DEBIAN/control");
        await File.WriteAllTextAsync(
            control, (await File.ReadAllTextAsync(control)).Replace($"\nVersion: {Version}\n", $"\nVersion: {version}\n", StringComparison.Ordinal));
        await CheckedAsync("sh", "-ec", $"cd '{tree}'; {change}");
        await CheckedAsync("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", tree, later);
        return later;
    }

    public static async Task BuildAsync(string architecture, string folder)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        using var build = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
            Path.Combine(Repository.Root, "packaging/build-deb"), [architecture, folder])
        {
            RedirectStandardError = true,
            // Whatever is committed meanwhile.
            Environment = { ["SOURCE_DATE_EPOCH"] = "1767225600" },
        })!;
        var said = await build.StandardError.ReadToEndAsync(limit.Token);
        await build.WaitForExitAsync(limit.Token);
        Assert.True(build.ExitCode == 0, said);
    }

    public static async Task<string> CheckedAsync(string program, params string[] arguments)
    {
        var run = await CommandRun.RunAsync(program, arguments);
        Assert.True(run.ExitCode == 0, string.Create(CultureInfo.InvariantCulture, $"{program} ended with {run.ExitCode}: {run.Error}"));
        return run.Output;
    }
}
