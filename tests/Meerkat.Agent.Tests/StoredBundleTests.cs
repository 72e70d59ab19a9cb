using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Agent.Tests.Harness;
using Meerkat.Core.Bundles;

namespace Meerkat.Agent.Tests;

/// <summary><c>OTA.Update</c> with a bundle that is already in the device's file system. Each fact has a device of its own.</summary>
public sealed class StoredBundleTests : IAsyncLifetime
{
    private static readonly byte[] Image = Encoding.UTF8.GetBytes("#!/bin/sh\n# the new one\nexec sleep 1000000\n");

    private readonly RunningDevice device = new();

    public ValueTask InitializeAsync() => device.InitializeAsync();

    public ValueTask DisposeAsync() => device.DisposeAsync();

    [Fact]
    public async Task WholeBundle_IsInstalledAndArmed()
    {
        Directory.CreateDirectory(device.InSlot("incoming"));
        await WriteAsync("incoming/fw.zip", Bundle());

        var answer = await device.CallAsync("OTA.Update", """{"file":"/incoming/fw.zip","commit_timeout":300}""");

        Assert.Equal("""{"code":1,"message":"Update applied, rebooting"}""", answer["result"]?.ToJsonString() ?? answer.ToJsonString());
        Assert.Equal(Image, await File.ReadAllBytesAsync(Path.Combine(device.Root, "slots/1/image"), TestContext.Current.CancellationToken));
        Assert.True(File.Exists(Path.Combine(device.Root, "slots/1/seal")));
    }

    [Fact]
    public async Task TruncatedBundle_FailsAndLeavesTheSlotEmpty()
    {
        var whole = Bundle();
        await WriteAsync("fw.zip", whole[..^60]);

        var error = await RefusedAsync("""{"file":"fw.zip"}""");

        Assert.Equal(-1, (int)error["code"]!);
        Assert.Contains("cut off", (string?)error["message"]);
        Assert.False(Path.Exists(Path.Combine(device.Root, "slots/1/seal")));
        Assert.Equal("1.0.0", (string?)(await device.CallAsync("OTA.Status"))["result"]!["version"]);
    }

    [Fact]
    public async Task WhatIsNoFileOfTheTree_IsRefusedBeforeAnythingIsWritten()
    {
        var outside = Path.Combine(device.Root, "data/fw.zip");
        await File.WriteAllBytesAsync(outside, Bundle(), TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(device.InSlot("link.zip"), outside);
        Directory.CreateSymbolicLink(device.InSlot("out"), Path.Combine(device.Root, "data"));
        Directory.CreateDirectory(device.InSlot("folder"));

        (string Arguments, string Reason)[] wrong =
        [
            ("""{"file":"none.zip"}""", "failed to open file \"none.zip\""),
            ("""{"file":"folder"}""", "failed to open file \"folder\""),
            ("""{"file":"/"}""", "failed to open file \"/\""),
            ("""{"file":"link.zip"}""", "\"link.zip\" leads through a symbolic link"),
            ("""{"file":"out/fw.zip"}""", "\"out/fw.zip\" leads through a symbolic link"),
            ("""{"file":"../../../data/fw.zip"}""", "illegal path"),
            ("""{"file":"fw.zip","url":"http://127.0.0.1:1/"}""", "expected one of url, blob_url and file, found url and file"),
        ];
        foreach (var (arguments, reason) in wrong)
        {
            var error = await RefusedAsync(arguments);
            Assert.Equal(400, (int)error["code"]!);
            Assert.StartsWith(reason, (string?)error["message"]);
        }
        Assert.False(Path.Exists(Path.Combine(device.Root, "slots/1")));
    }

    private static byte[] Bundle()
    {
        var recipe = new BundleRecipe("demo", "linux-x64", "2.0.0", "b2", [new PartRecipe("app", "app", "app", () => new MemoryStream(Image))]);
        var file = new MemoryStream();
        Assert.IsType<BundlePlanning.Planned>(BundlePlan.Prepare(recipe)).Plan.WriteTo(file);
        return file.ToArray();
    }

    private Task WriteAsync(string name, byte[] content) =>
        File.WriteAllBytesAsync(device.InSlot(name), content, TestContext.Current.CancellationToken);

    private async Task<JsonNode> RefusedAsync(string arguments)
    {
        var answer = await device.CallAsync("OTA.Update", arguments);
        return answer["error"] ?? throw new InvalidOperationException($"accepted: {answer.ToJsonString()}");
    }
}
