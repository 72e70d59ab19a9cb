using System.Diagnostics;

namespace Meerkat.Storage.Tests;

/// <summary>A folder of the real file system that goes with the test, mounts in it included.</summary>
internal sealed class TempFolder : IDisposable
{
    private const string SharedMemory = "/dev/shm";

    private readonly Stack<string> mounts = new();

    /// <param name="inMemory">In a file system in memory where there is one: for tests that flush thousands of times.</param>
    public TempFolder(bool inMemory = false) => Path = inMemory && Directory.Exists(SharedMemory)
        ? Directory.CreateDirectory(System.IO.Path.Combine(SharedMemory, "meerkat-test-" + System.IO.Path.GetRandomFileName())).FullName
        : Directory.CreateTempSubdirectory("meerkat-test-").FullName;

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Mounts a small memory file system; skips the test where that is not allowed.</summary>
    public string MountSmall(string name, string size)
    {
        var path = this[name];
        Directory.CreateDirectory(path);
        var (code, _, error) = Execute($"mount -t tmpfs -o size={size} tmpfs '{path}'");
        if (code != 0)
        {
            // What owns this folder may not exist yet, and then nobody else would remove it.
            Dispose();
            Assert.Skip("a small file system cannot be mounted here: " + error.Trim());
        }
        mounts.Push(path);
        return path;
    }

    /// <summary>Mounts an ext4 in a file on another ext4, which can fail; skips the test where that is not allowed.</summary>
    public string MountOnFailing(string name)
    {
        var (code, _, error) = Execute($"""
            set -e
            truncate -s 24M outer.img && mkfs.ext4 -q -F outer.img && mkdir outer '{name}'
            mount -o loop,errors=remount-ro outer.img outer
            truncate -s 12M outer/inner.img && mkfs.ext4 -q -F outer/inner.img && mount -o loop,errors=remount-ro outer/inner.img '{name}'
            """);
        mounts.Push(this["outer"]);
        mounts.Push(this[name]);
        if (code != 0)
        {
            Dispose();
            Assert.Skip("a file system in a file cannot be mounted here: " + error.Trim());
        }
        return this[name];
    }

    /// <summary>From now on every write that reaches the medium of that file system fails with EIO.</summary>
    public void FailMedium() => Shell("sync; echo 1 >/sys/fs/ext4/$(basename $(findmnt -n -o SOURCE \"$PWD/outer\"))/trigger_fs_error");

    /// <summary>Runs a shell script in the folder.</summary>
    public string Shell(string script)
    {
        var (code, output, error) = Execute(script);
        Assert.True(code == 0, $"{script}: {error}");
        return output;
    }

    public void Dispose()
    {
        if (!Directory.Exists(Path))
        {
            return;
        }
        while (mounts.TryPop(out var mount))
        {
            // Lazily, because a child that another test starts holds copies of all descriptors from its fork to its exec.
            Execute($"umount -l '{mount}'");
        }
        Execute($"chmod -R u+rwx '{Path}' 2>/dev/null; rm -rf '{Path}'");
    }

    private (int Code, string Output, string Error) Execute(string script)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/bash", ["-c", script])
        {
            WorkingDirectory = Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error);
    }
}
