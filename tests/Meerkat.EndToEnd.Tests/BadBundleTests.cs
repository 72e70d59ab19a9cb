using System.Formats.Tar;
using System.Text;
using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>
/// Bundles that must not be installed: a clear word, the running firmware untouched, the slot empty, the next update
/// possible. One device takes all of them, one after the other.
/// </summary>
public sealed class BadBundleTests
{
    private const ushort Descriptor = 8;
    private const ushort Encrypted = 1;

    private static TestFirmware New => TestFirmware.Good("1.1.0");

    [Fact]
    public async Task EveryBadBundle_IsRefusedInWords_AndChangesNothing()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var firmware = device.Firmware;

        var wrong = new List<string>();
        foreach (var (name, bundle, words) in Bad())
        {
            var (code, text) = await device.PushAsync(bundle, commitTimeout: 60);
            var status = (await device.StatusAsync())!;
            var slot = (string?)status["slots"]![1]!["state"];
            if (code != 500 || !text.Contains(words, StringComparison.OrdinalIgnoreCase))
            {
                wrong.Add($"{name}: expected 500 and '{words}', found {code} {text}");
            }
            if ((int)status["state"]! != 2 || slot != "empty" || File.Exists(device.PathOf("slots/1/image")))
            {
                wrong.Add($"{name}: state {status["state"]}, slot 1 {slot}");
            }
            if (device.Firmware != firmware)
            {
                wrong.Add($"{name}: the firmware was disturbed");
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        await device.UpdateAsync(New);
    }

    [Fact]
    public async Task UploadCutAtAnyPlace_IsRefused()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var firmware = device.Firmware;
        var bundle = New.Bundle();
        var places = Enumerable.Range(0, 40).Select(step => step * (bundle.Length - 100) / 39).ToArray();
        foreach (var place in places)
        {
            var (code, text) = await device.PushAsync(bundle[..place], commitTimeout: 60);
            Assert.True(code is 500 or 400, $"cut at {place}: answered {code} {text}");
        }
        Assert.Equal(firmware, device.Firmware);
        await device.UpdateAsync(New);
    }

    [Fact]
    public async Task SameVersion_IsSkippedWhenAsked_AndInstalledWhenNot()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await File.WriteAllBytesAsync(Path.Combine(device.Folder, "fw.zip"), TestFirmware.Good("1.0.0").Bundle());
        await using var site = await FolderSite.StartAsync(device.Folder);
        var url = Uri.EscapeDataString(site.Url + "/fw.zip");

        Assert.Equal((200, "(1) Version is the same as current\r\n"), await device.GetAsync($"/update?url={url}"));
        Assert.Equal((200, "(1) Update applied, rebooting\r\n"), await device.GetAsync($"/update?url={url}&ignore_same_version=0"));
        await Eventually.HoldsAsync("slot 1 runs", async () => (int?)(await device.StatusAsync())?["running_slot"] == 1);
    }

    private static IEnumerable<(string Name, byte[] Bundle, string Words)> Bad()
    {
        var (image, files) = (New.Image, New.FileSystem);
        byte[] Manifest(Action<JsonObject>? change = null)
        {
            var manifest = New.ManifestFor(image, files);
            change?.Invoke(manifest);
            return Encoding.UTF8.GetBytes(manifest.ToJsonString());
        }
        byte[] With(Action<JsonObject> change) =>
            new ZipBuilder().Add("manifest.json", Manifest(change)).Add("app", image).Add("fs.tar", files).ToArray();
        byte[] Text(string manifest) => new ZipBuilder()
            .Add("manifest.json", Encoding.UTF8.GetBytes(manifest)).Add("app", image).Add("fs.tar", files).ToArray();
        byte[] Lying(ZipBuilder.Lie lie, byte[]? app = null) => new ZipBuilder()
            .Add("manifest.json", Manifest()).Add("app", app ?? image, lie).Add("fs.tar", files).ToArray();
        byte[] Tar(Action<TarWriter> members)
        {
            var firmware = New with { Members = members };
            return firmware.Bundle();
        }
        JsonObject App(JsonObject manifest) => manifest["parts"]!["app"]!.AsObject();

        yield return ("not a zip", Encoding.UTF8.GetBytes("this is a film"), "not a firmware bundle");
        yield return ("empty", [], "empty");
        yield return ("manifest not first", new ZipBuilder().Add("app", image).Add("manifest.json", Manifest()).ToArray(), "manifest.json");
        yield return ("manifest too large", Text("{\"x\": \"" + new string('a', 100_000) + "\"}"), "manifest");
        yield return ("manifest not JSON", Text("{not json"), "JSON");
        yield return ("manifest is a list", Text("[]"), "object");
        yield return ("duplicate keys", Text("""{"platform":"linux-x64","platform":"x","version":"1","build_id":"b","parts":{}}"""), "Duplicate property 'platform'");
        yield return ("no version", With(m => m.Remove("version")), "version");
        yield return ("no platform", With(m => m.Remove("platform")), "platform");
        yield return ("no build id", With(m => m.Remove("build_id")), "build_id");
        yield return ("no parts", With(m => m.Remove("parts")), "parts");
        yield return ("wrong platform", With(m => m["platform"] = "esp32"), "Wrong platform");
        yield return ("longer platform", With(m => m["platform"] = "linux-x64-musl"), "Wrong platform");
        yield return ("no app part", With(m => m["parts"]!.AsObject().Remove("app")), "app");
        yield return ("part missing", new ZipBuilder().Add("manifest.json", Manifest()).Add("app", image).ToArray(), "fs.tar");
        yield return ("part too long", With(m => App(m)["size"] = image.Length - 1), "the manifest says");
        yield return ("part too short", With(m => App(m)["size"] = image.Length + 1), "the manifest says");
        yield return ("wrong digest", With(m => App(m)["cs_sha256"] = new string('0', 64)), "SHA-256");
        yield return ("malformed digest", With(m => App(m)["cs_sha256"] = "abc"), "cs_sha256");
        yield return ("wrong CRC", Lying(new ZipBuilder.Lie { Crc = 1 }), "CRC");
        yield return ("descriptor", Lying(new ZipBuilder.Lie { Flags = Descriptor }), "descriptor");
        yield return ("encrypted", Lying(new ZipBuilder.Lie { Flags = Encrypted }), "encrypt");
        yield return ("zip64", Lying(new ZipBuilder.Lie { Zip64 = true }), "zip64");
        yield return ("unknown method", Lying(new ZipBuilder.Lie { Method = 93 }), "method");
        yield return ("entry twice", new ZipBuilder().Add("manifest.json", Manifest()).Add("app", image).Add("app", image)
            .Add("fs.tar", files).ToArray(), "twice");
        yield return ("path in a name", new ZipBuilder().Add("manifest.json", Manifest()).Add("../app", image).ToArray(), "name");
        yield return ("bomb", Lying(new ZipBuilder.Lie { Deflate = true, Size = (uint)image.Length }, new byte[50_000_000]), "app");
        yield return ("tar with ..", Tar(Member("../escape")), "..");
        yield return ("tar absolute", Tar(Member("/etc/passwd2")), "absolute");
        yield return ("tar link that leaves", Tar(Link("link", "../../secret")), "link");
        yield return ("tar absolute link", Tar(Link("link", "/etc")), "link");
        yield return ("tar below a link", Tar(writer =>
        {
            Link("dir", "sub")(writer);
            Member("dir/file")(writer);
        }), "dir");
        yield return ("tar device", Tar(writer => writer.WriteEntry(
            new UstarTarEntry(TarEntryType.CharacterDevice, "null") { DeviceMajor = 1, DeviceMinor = 3 })), "null");
        yield return ("tar member twice", Tar(writer =>
        {
            Member("twice")(writer);
            Member("twice")(writer);
        }), "twice");
        yield return ("too many members", Tar(writer =>
        {
            for (var index = 0; index <= 100_000; index++)
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.SymbolicLink, $"f{index}") { LinkName = "x" });
            }
        }), "100000");
        yield return ("tar cut off", Cut(files), "");
    }

    private static byte[] Cut(byte[] files)
    {
        var cut = files[..700];
        return new ZipBuilder()
            .Add("manifest.json", Encoding.UTF8.GetBytes(New.ManifestFor(New.Image, cut).ToJsonString()))
            .Add("app", New.Image)
            .Add("fs.tar", cut)
            .ToArray();
    }

    private static Action<TarWriter> Member(string path) => writer =>
        writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, path) { DataStream = new MemoryStream([1]) });

    private static Action<TarWriter> Link(string path, string target) => writer =>
        writer.WriteEntry(new UstarTarEntry(TarEntryType.SymbolicLink, path) { LinkName = target });
}
