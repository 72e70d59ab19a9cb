using System.Diagnostics;

namespace Meerkat.Bench.PowerCut;

/// <summary>A saved disk, mounted by this machine's kernel, which replays the journal as the device's would.</summary>
internal sealed class Mount : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly string disk;
    private bool mounted;

    private Mount(string disk, string folder)
    {
        this.disk = disk;
        Folder = folder;
    }

    public string Folder { get; }

    /// <summary>Whether the kernel refused the file system until e2fsck had repaired it, as every system does before it mounts.</summary>
    public bool Repaired { get; private init; }

    /// <exception cref="BenchException">The file system cannot be mounted, not even repaired.</exception>
    public static async Task<Mount> OpenAsync(DiskImage image, string folder, string type)
    {
        var (disk, target) = (Path.Combine(folder, "disk"), Path.Combine(folder, "mnt"));
        Directory.CreateDirectory(target);
        image.Save(disk);
        string[] words = ["-o", "loop", "-t", type, disk, target];
        var repaired = (await Run.Async("mount", words)).ExitCode != 0;
        if (repaired)
        {
            // A superblock has two sectors, and one that is torn between them fails its checksum. There are copies of it.
            await Run.Async("e2fsck", ["-f", "-y", disk]);
            await Run.CheckedAsync("mount", words);
        }
        return new Mount(disk, target) { mounted = true, Repaired = repaired };
    }

    /// <summary>Unmounts and has the whole file system looked at; what is wrong with it, none when nothing is.</summary>
    public async Task<string?> CheckAsync()
    {
        await DisposeAsync();
        var check = await Run.Async("e2fsck", ["-f", "-n", disk]);
        return check.ExitCode == 0 ? null : $"e2fsck: {check.Output.Trim().ReplaceLineEndings("; ")}";
    }

    public async ValueTask DisposeAsync()
    {
        if (mounted)
        {
            mounted = false;
            await UnmountAsync();
        }
    }

    /// <summary>The boot loader's guard ends a moment after it, and has its program's root on the disk until then.</summary>
    private async Task UnmountAsync()
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            var done = await Run.Async("umount", [Folder]);
            if (done.ExitCode == 0)
            {
                return;
            }
            if (!done.Error.Contains("busy", StringComparison.Ordinal) || Stopwatch.GetElapsedTime(begun) > Patience)
            {
                throw new BenchException($"{Folder} cannot be unmounted: {done.Error.Trim()}");
            }
            await Task.Delay(Pause);
        }
    }
}
