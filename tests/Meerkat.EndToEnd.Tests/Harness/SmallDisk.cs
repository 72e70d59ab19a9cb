namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>A file system in memory of a few megabytes, for one device.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string folder) => Folder = folder;

    public string Folder { get; }

    /// <summary>Skips the test where nothing can be mounted.</summary>
    public static async Task<SmallDisk> MountAsync(int megabytes)
    {
        Assert.SkipUnless(DeviceUnderTest.IsRoot, "only root can mount a small file system");
        var folder = Directory.CreateTempSubdirectory("meerkat-").FullName;
        var mounted = await CommandRun.RunAsync("mount", "-t", "tmpfs", "-o", $"size={megabytes}m,mode=755", "tmpfs", folder);
        if (mounted.ExitCode != 0)
        {
            Directory.Delete(folder);
            Assert.Skip($"no file system can be mounted here: {mounted.Error}");
        }
        return new SmallDisk(folder);
    }

    /// <summary>A device whose root lies on this disk. Dispose of it first.</summary>
    public async Task<DeviceUnderTest> StartAsync(TestFirmware factory, params string[] settings)
    {
        var device = await MakeAsync(factory, settings);
        device.Start();
        await device.RunsAsync(factory.Version, trial: false);
        return device;
    }

    /// <summary>The same, not started yet.</summary>
    public Task<DeviceUnderTest> MakeAsync(TestFirmware factory, params string[] settings) => DeviceUnderTest.MakeAsync(
        factory.Bundle(), Repository.Program("meerkat"), Repository.Program("meerkat-boot"), Path.Combine(Folder, "d"), settings);

    public async Task RemountAsync(string mode)
    {
        var done = await CommandRun.RunAsync("mount", "-o", "remount," + mode, Folder);
        Assert.True(done.ExitCode == 0, done.Error);
    }

    /// <summary>Nothing below a directory can be written from now on, as on a medium with a fault there; files that are open can.</summary>
    public static async Task CloseAsync(string directory)
    {
        await DoneAsync("--bind", directory, directory);
        await DoneAsync("-o", "remount,bind,ro", directory);
    }

    public static async Task OpenAsync(string directory)
    {
        var done = await CommandRun.RunAsync("umount", "-l", directory);
        Assert.True(done.ExitCode == 0, done.Error);
    }

    private static async Task DoneAsync(params string[] mount)
    {
        var done = await CommandRun.RunAsync("mount", mount);
        Assert.True(done.ExitCode == 0, done.Error);
    }

    public async ValueTask DisposeAsync()
    {
        await CommandRun.RunAsync("umount", "-l", Folder);
        Directory.Delete(Folder, recursive: true);
    }
}
