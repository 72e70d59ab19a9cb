using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary><c>meerkat ls | get | put | rm</c> on a real device.</summary>
public sealed class FileTests
{
    [Theory]
    [InlineData("one mebibyte", 1 << 20)]
    [InlineData("empty.bin", 0)]
    [InlineData("one piece", 1000)]
    public async Task File_GoesThereAndBack_AndIsRemoved(string name, int bytes)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var content = new byte[bytes];
        new Random(bytes).NextBytes(content);
        var local = Path.Combine(device.Folder, name);
        await File.WriteAllBytesAsync(local, content);

        var put = await CommandRun.MeerkatAsync("put", local, "--port", device.Url);
        Assert.True(put.ExitCode == 0, put.Error);
        Assert.Equal(content, await File.ReadAllBytesAsync(device.PathOf("slots/0/fs/" + name)));
        var list = await CommandRun.MeerkatAsync("ls", "--port", device.Url);
        Assert.Contains($"{bytes}  {name}\n", list.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(".tmp", list.Output, StringComparison.Ordinal);

        var copy = Path.Combine(device.Folder, "copy");
        var get = await CommandRun.MeerkatAsync("get", name, copy, "--port", device.Url);
        Assert.True(get.ExitCode == 0, get.Error);
        Assert.Equal(content, await File.ReadAllBytesAsync(copy));

        Assert.Equal(0, (await CommandRun.MeerkatAsync("rm", name, "--port", device.Url)).ExitCode);
        Assert.False(File.Exists(device.PathOf("slots/0/fs/" + name)));
        var again = await CommandRun.MeerkatAsync("rm", name, "--port", device.Url);
        Assert.Equal((1, $"Error: no such file or directory on the device: {name}\n"), (again.ExitCode, again.Error));
    }

    [Fact]
    public async Task BrokenPut_LeavesTheOldFile_AndNothingElse()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var folder = device.PathOf("slots/0/fs");
        var before = Directory.GetFiles(folder).Order().ToList();
        await using var put = RunningTool.Start("put", "-", "version.txt", "--port", device.Url);
        await put.Input.WriteAsync(new string('x', 200_000));
        await put.Input.FlushAsync();
        await Eventually.HoldsAsync("the first pieces have arrived", () => Directory.GetFiles(folder, "put-*.tmp").Length == 1);

        Assert.Equal(1, await put.InterruptAsync());

        Assert.Equal(before, Directory.GetFiles(folder).Order());
        Assert.Equal("1.0.0", await File.ReadAllTextAsync(Path.Combine(folder, "version.txt")));
    }

    [Fact]
    public async Task StandardStreams_ServeAsFiles()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await using (var put = RunningTool.Start("put", "-", "a note.txt", "--port", device.Url))
        {
            await put.Input.WriteAsync("grüße\n");
            put.Input.Close();
            Assert.Equal(0, await put.EndAsync());
        }
        Assert.Equal("grüße\n", (await CommandRun.MeerkatAsync("get", "a note.txt", "--port", device.Url)).Output);
    }

    [Theory]
    [InlineData("get", "nothing.txt", "no such file or directory on the device: nothing.txt")]
    [InlineData("ls", "nowhere", "no such file or directory on the device: nowhere")]
    [InlineData("get", "../../board.json", "names may not be empty, . or ..")]
    public async Task WhatIsNotThere_IsSaidSo(string command, string path, string error)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var run = await CommandRun.MeerkatAsync(command, path, "--port", device.Url);
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains(error, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Directory_IsListed_AndNeverMade()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        Directory.CreateDirectory(device.PathOf("slots/0/fs/sub"));
        await File.WriteAllTextAsync(device.PathOf("slots/0/fs/sub/x"), "12345");
        Assert.Contains("  sub/\n", (await CommandRun.MeerkatAsync("ls", "--port", device.Url)).Output, StringComparison.Ordinal);
        Assert.Equal("5  x\n", (await CommandRun.MeerkatAsync("ls", "sub", "--port", device.Url)).Output);
        var json = await CommandRun.MeerkatAsync("ls", "sub/x", "--json", "--port", device.Url);
        Assert.Equal(5, (int)JsonNode.Parse(json.Output)![0]!["size"]!);
        var file = Path.Combine(device.Folder, "f");
        await File.WriteAllTextAsync(file, "f");
        var put = await CommandRun.MeerkatAsync("put", file, "no such/f", "--port", device.Url);
        Assert.Equal((1, true), (put.ExitCode, put.Error.Contains("there is no directory no such on the device", StringComparison.Ordinal)));
        var get = await CommandRun.MeerkatAsync("get", "sub", "--port", device.Url);
        Assert.Equal("Error: sub is a directory on the device\n", get.Error);
    }
}
