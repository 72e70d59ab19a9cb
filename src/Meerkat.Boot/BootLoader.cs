using System.Text;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>The boot loader as a program: one root, one lock, one supervisor.</summary>
public static class BootLoader
{
    private const int Refused = 1;
    private const string KernelBootIdPath = "/proc/sys/kernel/random/boot_id";

    /// <summary>Runs the device in a directory until it is told to end.</summary>
    /// <returns>0 when it was told to end, 1 when it refused to start.</returns>
    public static int Run(string root)
    {
        using var console = new ConsoleOutput(Console.OpenStandardOutput());
        using var errors = new ConsoleOutput(Console.OpenStandardError());
        BoundedLog? kept = null;
        void Log(string line)
        {
            errors.Write(Encoding.UTF8.GetBytes($"meerkat-boot: {line}\n"));
            kept?.Write(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{TimeProvider.System.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {line}\n")));
        }
        try
        {
            using var device = DeviceRoot.Open(root);
            device.Volume.EnsureDirectory("boot", 0x1ED);
            using var onlyOne = device.Volume.TryLock(DeviceRoot.LockPath)
                ?? throw new BootRefusedException(
                    $"another meerkat-boot runs the device in {device.Path} (it holds {DeviceRoot.LockPath}); end that one first");
            using var file = new BoundedLog(device.Volume, LogFiles.Boot);
            kept = file;
            Log("started");
            HideFromOutOfMemoryKiller();
            var kernelBootId = Guid.Parse(File.ReadAllText(KernelBootIdPath));
            using var supervisor = new Supervisor(device, kernelBootId, TimeProvider.System, console, errors, Log);
            return supervisor.Run();
        }
        catch (Exception fault) when (fault is BootRefusedException or StorageException)
        {
            Log("Error: " + fault.Message);
            return Refused;
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
