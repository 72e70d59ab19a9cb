using System.Diagnostics;
using System.Globalization;

namespace Meerkat.Bench.PowerCut;

/// <summary>The machine in QEMU, in software, whose disk is logged: a device's life from the factory on.</summary>
internal sealed class Machine(string work)
{
    /// <summary>How large the file system is; what lies behind it takes the marks.</summary>
    public const long FirstMark = 32 << 20;

    public const long DiskBytes = 33 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public string Log => Path.Combine(work, "writes.log");

    public string Start => Path.Combine(work, "start.disk");

    public string End => Path.Combine(work, "end.disk");

    public bool IsRecorded => File.Exists(Path.Combine(work, "recorded"));

    /// <summary>Makes the disk, runs the life to its end, and leaves the log.</summary>
    /// <param name="programs">What runs in the machine.</param>
    /// <param name="type">ext4, or another that mke2fs makes.</param>
    /// <exception cref="BenchException">The life did not come to its end.</exception>
    public async Task RecordAsync(string programs, string type)
    {
        Directory.CreateDirectory(work);
        File.Delete(Path.Combine(work, "recorded"));
        await Run.CheckedAsync(
            Path.Combine(Bench.Repository, "bench/PowerCut/guest/build"),
            [work, programs, FirstMark.ToString(CultureInfo.InvariantCulture), type]);
        await using (var disk = new FileStream(Start, FileMode.Create))
        {
            disk.SetLength(DiskBytes);
        }
        await Run.CheckedAsync(
            "mke2fs",
            ["-q", "-F", "-t", type, .. type == "ext2" ? Array.Empty<string>() : ["-J", "size=4"], "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", Start, "32M"]);
        File.Copy(Start, End, overwrite: true);
        await File.WriteAllBytesAsync(Log, []);
        await LiveAsync();
        await File.WriteAllTextAsync(Path.Combine(work, "recorded"), programs);
    }

    private async Task LiveAsync()
    {
        // The host's own flushes are left out: it is the guest's that are logged, and this machine keeps its power.
        string[] words =
        [
            "-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "2", "-m", "768", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot",
            "-kernel", Path.Combine(work, "vmlinuz"), "-initrd", Path.Combine(work, "initramfs"), "-append", "console=ttyS0 quiet panic=-1",
            "-blockdev", $"driver=file,filename={End},node-name=disk,cache.no-flush=on",
            "-blockdev", $"driver=file,filename={Log},node-name=log,cache.no-flush=on",
            "-blockdev", "driver=raw,file=disk,node-name=rawdisk",
            "-blockdev", "driver=raw,file=log,node-name=rawlog",
            "-blockdev", "driver=blklogwrites,file=rawdisk,log=rawlog,node-name=logged,log-sector-size=512",
            "-device", "virtio-blk-pci,drive=logged,write-cache=on,discard=off,write-zeroes=off",
        ];
        using var machine = new Process
        {
            StartInfo = new ProcessStartInfo("qemu-system-x86_64", words) { RedirectStandardOutput = true, RedirectStandardInput = true },
        };
        var said = new List<string>();
        machine.OutputDataReceived += (_, line) =>
        {
            lock (said)
            {
                said.Add(line.Data ?? "");
                if (line.Data?.StartsWith("mark ", StringComparison.Ordinal) == true)
                {
                    Bench.Progress($"the machine: {line.Data[5..]}");
                }
            }
        };
        machine.Start();
        machine.BeginOutputReadLine();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await machine.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            machine.Kill();
            await machine.WaitForExitAsync(CancellationToken.None);
        }
        Bench.EndProgress();
        await File.WriteAllLinesAsync(Path.Combine(work, "console.log"), said, CancellationToken.None);
        if (!said.Any(line => line.Trim() == "life: complete") || !said.Any(line => line.Trim() == "life: write cache is write back"))
        {
            throw new BenchException(
                $"the life in the machine did not come to its end; its console ({work}/console.log) ends with:\n{string.Join('\n', said.TakeLast(15))}");
        }
    }
}
