namespace Meerkat.Agent;

/// <summary>
/// Keeps garbage from piling up while many clients ask at once. By itself the collector lets what outlived its first collections lie until
/// there is as much of it as the machine has memory to spare, which on a device belongs to the firmware.
/// </summary>
internal static class HeapBound
{
    /// <summary>More than the agent ever needs in an ordinary installation.</summary>
    private const long UsualBytes = 24 << 20;

    /// <summary>A collection takes some tens of milliseconds; this keeps it a small part of the time.</summary>
    private const long LeastMilliseconds = 250;

    private static long lastAt;

    /// <summary>To be called often: collects when there is reason to, and else only looks.</summary>
    public static void Keep()
    {
        if (GC.GetTotalMemory(forceFullCollection: false) <= UsualBytes)
        {
            return;
        }
        var (last, now) = (Volatile.Read(ref lastAt), Environment.TickCount64);
        if (now - last >= LeastMilliseconds && Interlocked.CompareExchange(ref lastAt, now, last) == last)
        {
            GC.Collect();
        }
    }
}
