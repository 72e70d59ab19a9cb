using System.Diagnostics;
using System.Globalization;

namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>What a medium does to a device.</summary>
internal enum DiskTrouble
{
    /// <summary>A tmpfs has no space left.</summary>
    TmpfsFull,

    /// <summary>An ext4 has no space left.</summary>
    Ext4Full,

    /// <summary>An ext4 finds itself damaged and goes read-only, with files open; what was not flushed is lost.</summary>
    Ext4ReadOnly,

    /// <summary>An ext4 with space of its own lies in a sparse file for which there is none: a write is taken, its flush fails with ENOSPC.</summary>
    FlushFails,

    /// <summary>The medium below an ext4 refuses every write: flushes fail with EIO.</summary>
    MediumFails,
}

/// <summary>A small file system with trouble that can be begun and ended. Only root can mount one.</summary>
internal sealed class HostileDisk : IDisposable
{
    private const int DiskMegabytes = 24;
    private const int BackingMegabytes = 48;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    private readonly string folder;
    private readonly Stack<string> mounts = [];
    private bool troubled;

    private HostileDisk(string folder, DiskTrouble trouble)
    {
        this.folder = folder;
        Trouble = trouble;
    }

    public DiskTrouble Trouble { get; }

    /// <summary>Where the device goes: its parent is on the disk.</summary>
    public string Root => Path.Combine(Disk, "d");

    /// <summary>Whether the trouble ends only with the file system taken off, checked and put on again, and so with the programs.</summary>
    public bool NeedsRepair => Trouble is DiskTrouble.Ext4ReadOnly or DiskTrouble.FlushFails or DiskTrouble.MediumFails;

    private string Disk => Path.Combine(folder, "disk");

    private string Backing => Path.Combine(folder, "backing");

    private string Image => Trouble is DiskTrouble.FlushFails or DiskTrouble.MediumFails ? Path.Combine(Backing, "image") : Path.Combine(folder, "image");

    private string Filler => Path.Combine(Trouble == DiskTrouble.FlushFails ? Backing : Disk, "filler");

    /// <param name="trouble">What it will do.</param>
    /// <returns>None, and why in words, where nothing can be mounted.</returns>
    public static (HostileDisk? Disk, string Problem) Mount(DiskTrouble trouble)
    {
        if (Environment.UserName != "root")
        {
            return (null, "only root can mount a small file system");
        }
        var folder = Directory.CreateTempSubdirectory("meerkat-").FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        var disk = new HostileDisk(folder, trouble);
        try
        {
            disk.MountAll();
            return (disk, "");
        }
        catch (InvalidOperationException fault)
        {
            disk.Dispose();
            return (null, $"no such file system can be mounted here: {fault.Message}");
        }
    }

    /// <summary>Takes the space away, or the right to write.</summary>
    /// <param name="leaveBytes">Of space, where it is space that goes.</param>
    public void Begin(int leaveBytes)
    {
        troubled = true;
        switch (Trouble)
        {
            case DiskTrouble.TmpfsFull or DiskTrouble.Ext4Full or DiskTrouble.FlushFails:
                Fill(leaveBytes);
                break;
            case DiskTrouble.Ext4ReadOnly:
                Abort(Disk);
                break;
            case DiskTrouble.MediumFails:
                Abort(Backing);
                break;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>Gives all of it back. Where that needs a repair, nothing may use the disk.</summary>
    public void End()
    {
        troubled = false;
        if (!NeedsRepair)
        {
            File.Delete(Filler);
            return;
        }
        TakeOff(Disk);
        if (Trouble == DiskTrouble.FlushFails)
        {
            File.Delete(Filler);
        }
        else if (Trouble == DiskTrouble.MediumFails)
        {
            TakeOff(Backing);
            Check(Path.Combine(folder, "outer"));
            MountImage(Path.Combine(folder, "outer"), Backing);
        }
        Check(Image);
        MountImage(Image, Disk);
    }

    /// <summary>What has been written so far is on the medium.</summary>
    public void Flush()
    {
        if (!troubled)
        {
            Run("sync", "-f", Disk);
        }
    }

    public void Dispose()
    {
        while (mounts.TryPop(out var mount))
        {
            Run("umount", "-l", mount);
        }
        Directory.Delete(folder, recursive: true);
    }

    private void MountAll()
    {
        if (Trouble == DiskTrouble.TmpfsFull)
        {
            MountMemory(Disk, DiskMegabytes);
            return;
        }
        if (Trouble == DiskTrouble.FlushFails)
        {
            MountMemory(Backing, BackingMegabytes);
        }
        else if (Trouble == DiskTrouble.MediumFails)
        {
            MakeImage(Path.Combine(folder, "outer"), BackingMegabytes);
            MountImage(Path.Combine(folder, "outer"), Backing);
        }
        MakeImage(Image, DiskMegabytes);
        MountImage(Image, Disk);
    }

    private void MountMemory(string place, int megabytes)
    {
        Directory.CreateDirectory(place);
        Run("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={megabytes}m,mode=755"), "tmpfs", place);
        mounts.Push(place);
    }

    private static void MakeImage(string image, int megabytes)
    {
        using (var file = File.Create(image))
        {
            file.SetLength(megabytes * 1024L * 1024);
        }
        Run("mkfs.ext4", "-q", "-F", image);
    }

    private void MountImage(string image, string place)
    {
        Directory.CreateDirectory(place);
        Run("mount", "-o", "loop,errors=remount-ro", image, place);
        mounts.Push(place);
    }

    /// <summary>A process that has been killed may hold its files a little longer, while a flush that it waited for fails.</summary>
    private void TakeOff(string place)
    {
        var begun = Stopwatch.GetTimestamp();
        while (TryRun("umount", place) is { Code: not 0, Text: var text })
        {
            if (Stopwatch.GetElapsedTime(begun) > Patience)
            {
                throw new InvalidOperationException($"{place} cannot be taken off: {text}");
            }
            Thread.Sleep(LookAgain);
        }
        mounts.Pop();
    }

    private static void Check(string image)
    {
        var (code, text) = TryRun("e2fsck", "-f", "-y", image);
        const int uncorrected = 4;
        if (code >= uncorrected)
        {
            throw new InvalidOperationException($"e2fsck {image} ended with {code}: {text}");
        }
    }

    /// <summary>As if the file system had come upon damage in its own structures.</summary>
    private static void Abort(string place)
    {
        var device = TryRun("findmnt", "-n", "-o", "SOURCE", place).Text.Trim();
        File.WriteAllText($"/sys/fs/ext4/{Path.GetFileName(device)}/trigger_fs_error", "1");
    }

    private void Fill(int leaveBytes)
    {
        using (var file = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            var block = new byte[64 * 1024];
            var length = block.Length;
            while (length > 0)
            {
                try
                {
                    file.Write(block, 0, length);
                    file.Flush(flushToDisk: true);
                }
                catch (IOException)
                {
                    length /= 2;
                }
            }
            file.SetLength(Math.Max(0, file.Length - leaveBytes));
        }
    }

    private static void Run(string program, params string[] words)
    {
        var (code, text) = TryRun(program, words);
        if (code != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', words)} ended with {code}: {text}");
        }
    }

    private static (int Code, string Text) TryRun(string program, params string[] words)
    {
        using var process = Process.Start(new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, text + error.Result);
    }
}
