using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Meerkat.Core.Boot;

namespace Meerkat.Boot.Posix;

/// <summary>Collects every child that ends, also orphans of the firmware that came to us, and says how each ended.</summary>
internal sealed unsafe class Reaper(Action<int, ExitStatus> ended)
{
    public const int SigInfoBytes = 128;

    private const int ExitedCode = 1;

    private readonly object gate = new();
    private bool started;

    public void Start()
    {
        var thread = new Thread(Collect) { IsBackground = true, Name = "reaper" };
        thread.Start();
    }

    /// <summary>To be called after each spawn: with no child at all there is nothing to wait on.</summary>
    public void ChildStarted()
    {
        lock (gate)
        {
            started = true;
            Monitor.Pulse(gate);
        }
    }

    /// <summary>Which child ended, and how: siginfo_t of SIGCHLD has code at 8, process at 16, status at 24 (64-bit).</summary>
    public static (int Process, ExitStatus Status) Read(ReadOnlySpan<byte> info)
    {
        var status = BinaryPrimitives.ReadInt32LittleEndian(info[24..]);
        return (
            BinaryPrimitives.ReadInt32LittleEndian(info[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(info[8..]) == ExitedCode ? new ExitStatus(status, 0) : new ExitStatus(0, status));
    }

    private void AwaitChild()
    {
        lock (gate)
        {
            while (!started)
            {
                Monitor.Wait(gate);
            }
            started = false;
        }
    }

    private void Collect()
    {
        var info = stackalloc byte[SigInfoBytes];
        while (true)
        {
            if (Libc.WaitId(Libc.WaitAll, 0, info, Libc.WaitExited) == 0)
            {
                var (process, status) = Read(new ReadOnlySpan<byte>(info, SigInfoBytes));
                ended(process, status);
            }
            else if (Marshal.GetLastPInvokeError() == Libc.NoChild)
            {
                AwaitChild();
            }
        }
    }
}
