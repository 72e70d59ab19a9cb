using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Meerkat.Core.Boot;

namespace Meerkat.Boot.Posix;

/// <summary>Collects every child that ends, also orphans of the firmware that came to us, and says how each ended.</summary>
internal sealed unsafe class Reaper(Action<int, ExitStatus> ended)
{
    private const int ExitedCode = 1;
    private const int SigInfoBytes = 128;

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
                // siginfo_t of SIGCHLD: code at 8, process at 16, status at 24 (64-bit).
                var fields = new ReadOnlySpan<byte>(info, SigInfoBytes);
                var code = BinaryPrimitives.ReadInt32LittleEndian(fields[8..]);
                var process = BinaryPrimitives.ReadInt32LittleEndian(fields[16..]);
                var status = BinaryPrimitives.ReadInt32LittleEndian(fields[24..]);
                ended(process, code == ExitedCode ? new ExitStatus(status, 0) : new ExitStatus(0, status));
            }
            else if (Marshal.GetLastPInvokeError() == Libc.NoChild)
            {
                AwaitChild();
            }
        }
    }
}
