using System.Security.Cryptography;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>A device that asks for signatures, and bundles signed by the tool: rightly, wrongly, in part, not at all.</summary>
public sealed class SignedUpdateTests
{
    [Fact]
    public async Task DeviceWithTwoKeys_NamesWhatIsMissing_WritesNothing_AndTakesWhatIsSigned()
    {
        using var keys = new KeyFolder();
        await using var device = await DeviceUnderTest.StartAsync(
            "update.sig_req_mask=5", $"update.key0={keys.Public("a")}", $"update.key2={keys.Public("b")}", "update.key3=unreadable");
        await device.RunsAsync("1.0.0", trial: false);
        var firmware = device.Firmware;
        var before = Tree(device);

        var wrong = new List<string>();
        foreach (var (name, options, words) in Refused(keys))
        {
            var (code, text) = await device.PushAsync(await keys.SignAsync("1.1.0", options), commitTimeout: 60);
            if (code != 500 || text != $"-1 Invalid signature: {words}\r\n")
            {
                wrong.Add($"{name}: expected 500 and '{words}', found {code} {text}");
            }
            if (Tree(device) is var after && after != before)
            {
                wrong.Add($"{name}: something was written\n{after}");
            }
            if (device.Firmware != firmware)
            {
                wrong.Add($"{name}: the firmware was disturbed");
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));

        var signed = await keys.SignAsync("1.1.0", ["--key", keys.Private("a"), "--key=", "--key", keys.Private("b"), "--key", keys.Private("b")]);
        var (accepted, answer) = await device.PushAsync(signed, commitTimeout: 600);
        Assert.True(accepted == 200, answer);
        await device.RunsAsync("1.1.0", trial: true);
        Assert.Contains("update: 1.1.0 goes into slot 1, signatures that hold: 0x05", device.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-1", 200)]
    [InlineData("-5", 200)]
    [InlineData("0", 500)]
    [InlineData("2", 500)]
    [InlineData("1.0", 200)]
    [InlineData("256", 500)]
    public async Task Mask_HasThreeMeanings(string mask, int expected)
    {
        using var keys = new KeyFolder();
        await using var device = await DeviceUnderTest.StartAsync($"update.sig_req_mask={mask}", $"update.key0={keys.Public("a")}");
        await device.RunsAsync("1.0.0", trial: false);
        var (code, text) = await device.PushAsync(await keys.SignAsync("1.1.0", ["--key", keys.Private("a")]), commitTimeout: 600);
        Assert.True(code == expected, text);
        // Who asks for nothing takes an unsigned bundle as well; who asks for one that holds does not.
        if (expected == 200)
        {
            await device.RunsAsync("1.1.0", trial: true);
            Assert.Null((await device.CallAsync("OTA.Commit")).Error);
            await device.RunsAsync("1.1.0", trial: false);
            (code, text) = await device.PushAsync(TestFirmware.Good("1.2.0").Bundle(), commitTimeout: 600);
            Assert.Equal(mask[0] == '-' ? 200 : 500, code);
        }
        else if (mask == "0")
        {
            Assert.Equal("-1 update.sig_req_mask is 0: this device accepts no update\r\n", text);
        }
    }

    [Fact]
    public async Task SettingsInForceThatAreGone_DoNotOpenTheDevice()
    {
        using var keys = new KeyFolder();
        await using var device = await DeviceUnderTest.StartAsync("update.sig_req_mask=1", $"update.key0={keys.Public("a")}");
        await device.RunsAsync("1.0.0", trial: false);
        File.Delete(device.PathOf("run/config.json"));
        Assert.Equal((500, "-1 Invalid signature: the bundle has no sig0\r\n"), await device.PushAsync(TestFirmware.Good("1.1.0").Bundle()));
        await File.WriteAllTextAsync(device.PathOf("run/config.json"), "{");
        Assert.Equal((500, "-1 Invalid signature: the bundle has no sig0\r\n"), await device.PushAsync(TestFirmware.Good("1.1.0").Bundle()));
    }

    [Fact]
    public async Task Status_AndGate_KnowWhichSignaturesHold()
    {
        using var keys = new KeyFolder();
        await using var device = await DeviceUnderTest.StartAsync($"update.key0={keys.Public("a")}", $"update.key1={keys.Public("b")}",
            "update.gate=echo $MEERKAT_GATE $MEERKAT_UPDATE_SIGNATURES; test $MEERKAT_UPDATE_SIGNATURES = 3");
        await device.RunsAsync("1.0.0", trial: false);
        Assert.Null((await device.StatusAsync())!["signatures"]);
        var (code, text) = await device.PushAsync(await keys.SignAsync("1.1.0", ["--key", keys.Private("a")]), commitTimeout: 600);
        Assert.Equal((500, "-1 refused by the device's gate: begin 1\r\n"), (code, text));
        Assert.Equal(1, (int)(await device.StatusAsync())!["signatures"]!);
        (code, text) = await device.PushAsync(
            await keys.SignAsync("1.1.0", ["--key", keys.Private("a"), "--key", keys.Private("b")]), commitTimeout: 600);
        Assert.True(code == 200, text);
        await device.RunsAsync("1.1.0", trial: true);
    }

    private static IEnumerable<(string Name, string[] Options, string Words)> Refused(KeyFolder keys)
    {
        yield return ("not signed", [], "the bundle has no sig0; the bundle has no sig2");
        yield return ("one of two", ["--key", keys.Private("a")], "the bundle has no sig2");
        yield return ("the other of two", ["--key", "2=" + keys.Private("b")], "the bundle has no sig0");
        yield return ("in each other's place", ["--key", keys.Private("b"), "--key", "2=" + keys.Private("a")],
            "sig0 does not hold under update.key0; sig2 does not hold under update.key2");
        yield return ("one with a stranger's key", ["--key", keys.Private("a"), "--key", "2=" + keys.Private("stranger")],
            "sig2 does not hold under update.key2");
        yield return ("in the wrong places", ["--key", "1=" + keys.Private("a"), "--key", "3=" + keys.Private("b")],
            "the bundle has no sig0; the bundle has no sig2");
    }

    /// <summary>All that lies on the device and outlives a restart, but for the lock that the boot loader holds.</summary>
    private static string Tree(DeviceUnderTest device) => string.Join('\n', new[] { "boot", "slots", "data" }
        .SelectMany(folder => Directory.EnumerateFileSystemEntries(device.PathOf(folder), "*", SearchOption.AllDirectories))
        .Where(path => path != device.PathOf("boot/lock"))
        .Order(StringComparer.Ordinal)
        .Select(path => $"{Path.GetRelativePath(device.Root, path)} {(File.Exists(path) ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))) : "")}"));

    /// <summary>Keys that are made when they are first named, and bundles signed with them by the tool.</summary>
    private sealed class KeyFolder : IDisposable
    {
        private readonly string folder = Directory.CreateTempSubdirectory("meerkat-").FullName;
        private readonly Dictionary<string, ECDsa> made = [];

        public string Public(string name) => Convert.ToBase64String(Key(name).ExportSubjectPublicKeyInfo());

        public string Private(string name)
        {
            var path = Path.Combine(folder, name + ".pem");
            File.WriteAllText(path, Key(name).ExportPkcs8PrivateKeyPem());
            return path;
        }

        public async Task<byte[]> SignAsync(string version, string[] options)
        {
            var path = Path.Combine(folder, "fw.zip");
            await File.WriteAllBytesAsync(path, TestFirmware.Good(version).Bundle());
            if (options.Length > 0)
            {
                var run = await CommandRun.MeerkatAsync(["bundle", "sign", path, .. options]);
                Assert.True(run.ExitCode == 0, run.Error);
            }
            return await File.ReadAllBytesAsync(path);
        }

        public void Dispose()
        {
            foreach (var key in made.Values)
            {
                key.Dispose();
            }
            Directory.Delete(folder, recursive: true);
        }

        private ECDsa Key(string name) => made.TryGetValue(name, out var key) ? key : made[name] = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    }
}
