using System.Formats.Tar;
using System.Net.Sockets;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>What an update makes of odd things in the old file system, and of names that the new one uses otherwise.</summary>
public sealed class OldFilesTests
{
    [Fact]
    public async Task OddFiles_AreKeptWhereTheyCanBe_AndNothingIsFollowed()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var old = device.PathOf("slots/0/fs");
        await CommandRun.RunAsync("mkfifo", $"{old}/pipe");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint($"{old}/socket"));
        Directory.CreateSymbolicLink($"{old}/etc", "/etc");
        File.CreateSymbolicLink($"{old}/dangling", "no/such/place");
        File.CreateSymbolicLink($"{old}/outside", "../../../board.json");
        Directory.CreateDirectory($"{old}/empty/er");
        File.WriteAllText($"{old}/a name\nof two lines é", "odd");
        File.WriteAllText($"{old}/run.sh", "#!/bin/sh");
        File.SetUnixFileMode($"{old}/run.sh", (UnixFileMode)0b111_101_000);
        File.SetLastWriteTimeUtc($"{old}/run.sh", DateTime.UnixEpoch.AddDays(1000));

        await device.UpdateAsync(TestFirmware.Good("1.1.0"));

        var now = device.PathOf("slots/1/fs");
        Assert.False(Path.Exists($"{now}/pipe"));
        Assert.False(Path.Exists($"{now}/socket"));
        Assert.Equal("/etc", new FileInfo($"{now}/etc").LinkTarget);
        Assert.Equal("no/such/place", new FileInfo($"{now}/dangling").LinkTarget);
        Assert.Equal("../../../board.json", new FileInfo($"{now}/outside").LinkTarget);
        Assert.True(Directory.Exists($"{now}/empty/er"));
        Assert.Equal("odd", File.ReadAllText($"{now}/a name\nof two lines é"));
        Assert.Equal((UnixFileMode)0b111_101_000, File.GetUnixFileMode($"{now}/run.sh"));
        Assert.Equal(DateTime.UnixEpoch.AddDays(1000), File.GetLastWriteTimeUtc($"{now}/run.sh"));
        Assert.Contains("2 skipped", device.Log, StringComparison.Ordinal);
        Assert.True(Path.Exists($"{old}/pipe"), "the old file system is never touched");
    }

    [Fact]
    public async Task NamesUsedOtherwise_NewOnesWin_AndNothingIsWrittenThroughALink()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var old = device.PathOf("slots/0/fs");
        var outside = Directory.CreateDirectory(Path.Combine(device.Folder, "outside")).FullName;
        Directory.CreateDirectory($"{old}/directory-then-file/below");
        File.WriteAllText($"{old}/directory-then-file/below/x", "old");
        File.WriteAllText($"{old}/file-then-directory", "old");
        Directory.CreateSymbolicLink($"{old}/link-then-directory", outside);
        File.CreateSymbolicLink($"{old}/link-then-file", $"{outside}/file");
        Directory.CreateDirectory($"{old}/directory-then-link");
        File.WriteAllText($"{old}/directory-then-link/x", "old");
        File.WriteAllText($"{old}/beside.txt", "kept");

        await device.UpdateAsync(new TestFirmware("1.1.0", TestFirmware.Stay)
        {
            Files = new Dictionary<string, string>
            {
                ["directory-then-file"] = "new",
                ["file-then-directory/x"] = "new",
                ["link-then-directory/x"] = "new",
                ["link-then-file"] = "new",
                ["target/y"] = "new",
            },
            Members = tar => tar.WriteEntry(new UstarTarEntry(TarEntryType.SymbolicLink, "directory-then-link") { LinkName = "target" }),
        });

        var now = device.PathOf("slots/1/fs");
        Assert.Equal("new", File.ReadAllText($"{now}/directory-then-file"));
        Assert.Equal("new", File.ReadAllText($"{now}/file-then-directory/x"));
        Assert.Equal("new", File.ReadAllText($"{now}/link-then-directory/x"));
        Assert.Null(new FileInfo($"{now}/link-then-directory").LinkTarget);
        Assert.Equal("new", File.ReadAllText($"{now}/link-then-file"));
        Assert.Null(new FileInfo($"{now}/link-then-file").LinkTarget);
        Assert.Equal("target", new FileInfo($"{now}/directory-then-link").LinkTarget);
        Assert.Equal(["y"], Directory.GetFiles($"{now}/target").Select(Path.GetFileName));
        Assert.Equal("kept", File.ReadAllText($"{now}/beside.txt"));
        Assert.Empty(Directory.GetFileSystemEntries(outside));
        Assert.Equal("old", File.ReadAllText($"{old}/directory-then-link/x"));
        Assert.Contains("merge: shadowed directory-then-file", device.Log, StringComparison.Ordinal);
    }
}
