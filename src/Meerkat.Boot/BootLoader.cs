using Meerkat.Boot.Log;
using Meerkat.Boot.Posix;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>The boot loader as a program: one root, one lock, one supervisor.</summary>
public static class BootLoader
{
    private const int Refused = 1;
    private const int StandardOutput = 1;
    private const int StandardError = 2;
    private const string KernelBootIdPath = "/proc/sys/kernel/random/boot_id";

    /// <summary>Runs the device in a directory until it is told to end.</summary>
    /// <returns>0 when it was told to end, 1 when it refused to start.</returns>
    public static int Run(string root)
    {
        var stderr = Console.OpenStandardError();
        var journal = Journal.Find(Environment.GetEnvironmentVariable(Journal.StreamVariable), StandardError, Journal.SocketPath, stderr);
        using var errors = journal is null ? new ConsoleOutput(stderr) : new ConsoleOutput(journal);
        // One way into the journal for all keeps their lines in order; what firmware prints may be wanted elsewhere all the same.
        var together = journal is not null && FileIdentity.Of(StandardOutput) == FileIdentity.Of(StandardError);
        using var output = together ? null : new ConsoleOutput(Console.OpenStandardOutput());
        var own = new BootLog(errors, journal);
        Action<string> log = own.Write;
        try
        {
            using var device = DeviceRoot.Open(root);
            journal?.Device = DeviceName.Of(device);
            MakeLockDirectory(device.Volume);
            using var onlyOne = device.Volume.TryLock(DeviceRoot.LockPath)
                ?? throw new BootRefusedException(
                    $"another meerkat-boot runs the device in {device.Path} (it holds {DeviceRoot.LockPath}); end that one first");
            using var file = new BoundedLog(device.Volume, LogFiles.Boot);
            own.File = file;
            log("started");
            HideFromOutOfMemoryKiller();
            var kernelBootId = Guid.Parse(File.ReadAllText(KernelBootIdPath));
            using var supervisor = new Supervisor(device, kernelBootId, TimeProvider.System, output ?? errors, errors, log);
            return supervisor.Run();
        }
        catch (Exception fault) when (fault is BootRefusedException or StorageException)
        {
            log("Error: " + fault.Message);
            return Refused;
        }
    }

    /// <summary>A medium that cannot be written does not keep the device from starting; it is locked another way then.</summary>
    private static void MakeLockDirectory(HostVolume volume)
    {
        try
        {
            volume.EnsureDirectory(VolumeTrees.Parent(DeviceRoot.LockPath), 0x1ED);
        }
        catch (StorageException)
        {
            // The supervisor, which needs it too, says so.
        }
    }

    private static void HideFromOutOfMemoryKiller()
    {
        try
        {
            File.WriteAllText("/proc/self/oom_score_adj", "-999");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Only root may; without it the boot loader is as exposed as any program.
        }
    }
}
