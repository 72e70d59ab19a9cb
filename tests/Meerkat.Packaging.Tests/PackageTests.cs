using System.Buffers.Binary;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.Packaging.Tests;

/// <summary>What is in the packages, before anything is installed.</summary>
[Collection(nameof(Packages))]
public sealed class PackageTests
{
    private const int Aarch64 = 183;
    private const int X86 = 62;

    [Theory]
    [InlineData("meerkat", "amd64")]
    [InlineData("meerkat-device", "amd64")]
    [InlineData("meerkat", "arm64")]
    [InlineData("meerkat-device", "arm64")]
    public async Task Fields_SayWhatItIsAndWhatItNeeds(string name, string architecture)
    {
        var package = await Packages.PathAsync(name, architecture);
        Task<string> Field(string field) => Packages.CheckedAsync("dpkg-deb", "-f", package, field);

        Assert.Equal(name + "\n", await Field("Package"));
        Assert.Equal(Packages.Version + "\n", await Field("Version"));
        Assert.Equal(architecture + "\n", await Field("Architecture"));
        Assert.Equal(name == "meerkat" ? "libc6 (>= 2.34)\n" : "libc6 (>= 2.34), passwd\n", await Field("Depends"));
        Assert.InRange(int.Parse(await Field("Installed-Size")), 8_000, 60_000);
    }

    [Fact]
    public async Task Device_HasProgramsServiceManualsAndAPlaceForTheDevice()
    {
        var lines = await ContentsAsync("meerkat-device");
        Assert.Equal(
            [
                "-rw-r--r-- ./etc/default/meerkat",
                "-rw-r--r-- ./lib/systemd/system/meerkat.service",
                "-rw-r--r-- ./usr/share/doc/meerkat-device/changelog.gz",
                "-rw-r--r-- ./usr/share/doc/meerkat-device/copyright",
                "-rw-r--r-- ./usr/share/lintian/overrides/meerkat-device",
                "-rw-r--r-- ./usr/share/man/man8/meerkat-agent.8.gz",
                "-rw-r--r-- ./usr/share/man/man8/meerkat-boot.8.gz",
                "-rwxr-xr-x ./usr/lib/meerkat/meerkat-agent",
                "-rwxr-xr-x ./usr/lib/meerkat/meerkat-boot",
                "lrwxrwxrwx ./usr/sbin/meerkat-boot",
            ],
            lines.Where(line => line[0] != 'd'));
        Assert.Contains("drwxr-xr-x ./var/lib/meerkat/", lines);
        Assert.All(lines.Where(line => line[0] == 'd'), line => Assert.StartsWith("drwxr-xr-x ", line));
    }

    [Fact]
    public async Task Tool_IsOneProgramWithItsManual() => Assert.Equal(
        [
            "-rw-r--r-- ./usr/share/doc/meerkat/changelog.gz",
            "-rw-r--r-- ./usr/share/doc/meerkat/copyright",
            "-rw-r--r-- ./usr/share/lintian/overrides/meerkat",
            "-rw-r--r-- ./usr/share/man/man1/meerkat.1.gz",
            "-rwxr-xr-x ./usr/bin/meerkat",
        ],
        (await ContentsAsync("meerkat")).Where(line => line[0] != 'd'));

    [Fact]
    public async Task SameProgramsPackedAgain_AreTheSameBytes()
    {
        string[] first = [await Packages.PathAsync("meerkat"), await Packages.PathAsync("meerkat-device")];
        var folder = Directory.CreateTempSubdirectory("meerkat-").FullName;
        try
        {
            await Packages.BuildAsync("amd64", folder);
            foreach (var package in first)
            {
                var once = await File.ReadAllBytesAsync(package);
                var again = await File.ReadAllBytesAsync(Path.Combine(folder, Path.GetFileName(package)));
                Assert.True(once.AsSpan().SequenceEqual(again), package);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("amd64", X86)]
    [InlineData("arm64", Aarch64)]
    public async Task Programs_AreForTheProcessorAndNeedNoOpenSsl(string architecture, int machine)
    {
        var folder = Directory.CreateTempSubdirectory("meerkat-").FullName;
        try
        {
            await Packages.CheckedAsync("dpkg-deb", "-x", await Packages.PathAsync("meerkat", architecture), folder);
            await Packages.CheckedAsync("dpkg-deb", "-x", await Packages.PathAsync("meerkat-device", architecture), folder);
            string[] programs = ["usr/bin/meerkat", "usr/lib/meerkat/meerkat-boot", "usr/lib/meerkat/meerkat-agent"];
            foreach (var program in programs.Select(program => Path.Combine(folder, program)))
            {
                var head = new byte[20];
                await using (var file = File.OpenRead(program))
                {
                    await file.ReadExactlyAsync(head);
                }
                Assert.Equal("\u007fELF"u8, head.AsSpan(0, 4));
                Assert.Equal(machine, BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(18)));
                var needs = await Packages.CheckedAsync("readelf", "-d", program);
                Assert.Contains("[libc.so.6]", needs, StringComparison.Ordinal);
                Assert.DoesNotContain("ssl", needs, StringComparison.Ordinal);
                Assert.DoesNotContain("crypto", needs, StringComparison.Ordinal);
            }
            if (machine == Aarch64)
            {
                Assert.SkipUnless(File.Exists("/usr/bin/qemu-aarch64-static"), "qemu-user-static is not installed");
                foreach (var program in programs)
                {
                    Assert.StartsWith(Packages.Version, await EmulatedAsync(Path.Combine(folder, program), "--version"));
                }
                // Reads a bundle and computes its digests, with the OpenSSL that is inside.
                var bundle = Path.Combine(Repository.Root, "testdata/bundles/host-gnu.zip");
                Assert.Contains("thermostat", await EmulatedAsync(Path.Combine(folder, programs[0]), "bundle", "verify", bundle));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Lintian_HasNothingToSay()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/lintian"), "lintian is not installed");
        var run = await CommandRun.RunAsync("lintian", await Packages.PathAsync("meerkat"), await Packages.PathAsync("meerkat-device"));
        Assert.Equal((0, ""), (run.ExitCode, run.Output));
    }

    private static Task<string> EmulatedAsync(string program, params string[] arguments) => Packages.CheckedAsync(
        "qemu-aarch64-static", ["-L", "/usr/aarch64-linux-gnu", program, .. arguments]);

    /// <summary>Mode and path of all entries, sorted; all of them must be root's.</summary>
    private static async Task<List<string>> ContentsAsync(string name)
    {
        var lines = (await Packages.CheckedAsync("dpkg-deb", "-c", await Packages.PathAsync(name))).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        Assert.All(lines, fields => Assert.Equal("root/root", fields[1]));
        return [.. lines.Select(fields => $"{fields[0]} {fields[5]}").Order(StringComparer.Ordinal)];
    }
}
