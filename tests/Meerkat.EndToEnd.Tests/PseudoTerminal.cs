using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Meerkat.EndToEnd.Tests;

/// <summary>
/// Two serial lines with a cable between them: what is written to one is read from the other. Made of two pseudo terminals whose masters
/// are copied into each other.
/// </summary>
internal sealed partial class PseudoTerminal : IDisposable
{
    private const int ReadWrite = 2;
    private const int NoControllingTerminal = 0x100;

    private readonly FileStream[] masters;

    public PseudoTerminal()
    {
        var (one, first) = Open();
        var (other, second) = Open();
        (DeviceEnd, CallerEnd) = (first, second);
        masters = [one, other];
        Copy(one, other);
        Copy(other, one);
    }

    public string DeviceEnd { get; }

    public string CallerEnd { get; }

    public void Dispose()
    {
        foreach (var master in masters)
        {
            master.Dispose();
        }
    }

    private static (FileStream Master, string Slave) Open()
    {
        var handle = OpenMaster(ReadWrite | NoControllingTerminal);
        Assert.False(handle.IsInvalid);
        Assert.Equal(0, Grant(handle));
        Assert.Equal(0, Unlock(handle));
        return (new FileStream(handle, FileAccess.ReadWrite, bufferSize: 0), Marshal.PtrToStringAnsi(Name(handle))!);
    }

    /// <summary>A line that nobody has opened gives an error, not an end: then it is looked at again until the test is over.</summary>
    private static void Copy(FileStream from, FileStream to) => new Thread(() =>
    {
        var block = new byte[4096];
        while (!from.SafeFileHandle.IsClosed)
        {
            try
            {
                var count = from.Read(block);
                to.Write(block, 0, count);
            }
            catch (IOException)
            {
                Thread.Sleep(10);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    })
    { IsBackground = true }.Start();

    [LibraryImport("libc", EntryPoint = "posix_openpt")]
    private static partial SafeFileHandle OpenMaster(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt")]
    private static partial int Grant(SafeFileHandle master);

    [LibraryImport("libc", EntryPoint = "unlockpt")]
    private static partial int Unlock(SafeFileHandle master);

    [LibraryImport("libc", EntryPoint = "ptsname")]
    private static partial nint Name(SafeFileHandle master);
}
