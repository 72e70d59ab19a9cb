using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Thermostat;

/// <summary>The ways in which a version of this firmware is bad, for the boot loader to survive.</summary>
internal static class Misbehaviour
{
    /// <returns>What to do before listening; null for a good firmware.</returns>
    /// <exception cref="InvalidOperationException">There is no behaviour of that name.</exception>
    public static Action<DeviceEnvironment, Settings>? Named(string name) => name switch
    {
        "good" => null,
        "crash" => (_, _) => Crash(),
        "hang" => (_, _) => Hang(),
        "fill-disk" => (device, settings) => FillDisk(device.FileSystem, settings.FillBytes),
        "wipe" => (device, _) => Wipe(device),
        _ => throw new InvalidOperationException($"built with -p:Behaviour={name}, which does not exist"),
    };

    [DoesNotReturn]
    private static void Crash()
    {
        try
        {
            throw new InvalidDataException("sensor calibration table: expected 16 entries, found 0");
        }
        catch (InvalidDataException fault)
        {
            Console.Error.WriteLine($"Unhandled exception. {fault}");
            Environment.Exit(7);
            throw new UnreachableException();
        }
    }

    // Also deaf to the polite signal, so that only SIGKILL ends it.
    [DoesNotReturn]
    private static void Hang()
    {
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => context.Cancel = true);
        Console.WriteLine("waiting for a sensor that does not answer");
        Thread.Sleep(Timeout.Infinite);
        throw new UnreachableException();
    }

    private static void FillDisk(string fileSystem, long limitBytes)
    {
        var block = new byte[64 * 1024];
        var written = 0L;
        try
        {
            using var log = new FileStream(Path.Combine(fileSystem, "debug.log"), FileMode.Create, FileAccess.Write,
                FileShare.Read, bufferSize: 0);
            while (limitBytes == 0 || written < limitBytes)
            {
                var length = limitBytes == 0 ? block.Length : (int)Math.Min(block.Length, limitBytes - written);
                log.Write(block, 0, length);
                written += length;
            }
        }
        catch (IOException fault)
        {
            Console.Error.WriteLine($"thermostat: debug.log: {fault.Message}");
        }
        Console.WriteLine($"wrote {written} bytes to debug.log");
    }

    [DoesNotReturn]
    private static void Wipe(DeviceEnvironment device)
    {
        // Only in a slot: started by hand in somebody's home directory it must do no harm.
        var slots = new DirectoryInfo("../..");
        if (device.Slot is null || slots.Name != "slots")
        {
            Console.Error.WriteLine("thermostat: the wiping version deletes ../.. and so runs only in a slot: expected "
                + $"MEERKAT_SLOT and a directory \"slots\", found {slots.FullName}");
            Environment.Exit(1);
        }
        Console.WriteLine("cleaning up ../..");
        DeleteAll(slots);
        Console.Error.WriteLine("thermostat: cleaned up too much");
        Environment.Exit(1);
        throw new UnreachableException();
    }

    private static void DeleteAll(DirectoryInfo directory)
    {
        FileSystemInfo[] entries = [];
        Attempt(() => entries = directory.GetFileSystemInfos());
        foreach (var entry in entries)
        {
            if (entry is DirectoryInfo { LinkTarget: null } child)
            {
                DeleteAll(child);
            }
            Attempt(entry.Delete);
        }
    }

    private static void Attempt(Action action)
    {
        try
        {
            action();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Whatever resists is left.
        }
    }
}
