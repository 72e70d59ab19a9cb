using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.Packaging.Tests;

public sealed class ContainerTests
{
    /// <summary>The script ends with an error at the first step that does not hold.</summary>
    [Fact]
    public async Task Recipe_MakesADeviceWhoseBootLoaderIsProcessOne()
    {
        Assert.SkipUnless(Packages.HasNative, "./build has not made the native programs");
        var impossible = await InstalledSystem.ImpossibleAsync();
        Assert.SkipUnless(impossible.Length == 0, impossible);
        var run = await CommandRun.RunAsync(
            Path.Combine(Repository.Root, "packaging/container/check"), Repository.Sample("hello-1.0.0"), Repository.Sample("hello-1.1.0"));
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.EndsWith("The recipe works\n", run.Error);
    }

    /// <summary>The check makes the root directory by itself; what it copies must be what the recipe copies.</summary>
    [Fact]
    public async Task Check_UsesTheFilesOfTheRecipe()
    {
        var recipe = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "packaging/container/Containerfile"));
        var check = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "packaging/container/check"));
        Assert.Contains("COPY artifacts/meerkat-boot artifacts/meerkat-agent /usr/lib/meerkat/\nCOPY artifacts/meerkat /usr/bin/\n", recipe, StringComparison.Ordinal);
        Assert.Contains("cp artifacts/meerkat-boot artifacts/meerkat-agent \"$root/usr/lib/meerkat/\"\ncp artifacts/meerkat \"$root/usr/bin/\"\n", check, StringComparison.Ordinal);
        Assert.Contains("""ENTRYPOINT ["/usr/lib/meerkat/meerkat-boot", "/var/lib/meerkat"]""", recipe, StringComparison.Ordinal);
        Assert.Contains("chroot . /usr/lib/meerkat/meerkat-boot /var/lib/meerkat\"", check, StringComparison.Ordinal);
    }
}
