namespace Meerkat.Device.Downloads;

/// <summary>
/// Holds a transfer to a number of bytes a second. What is not used while the network is slow is not saved up, so the bound holds over
/// any stretch of time, but for one piece.
/// </summary>
/// <param name="bytesPerSecond">0: no limit.</param>
/// <param name="time">Measures and waits.</param>
public sealed class RateLimit(long bytesPerSecond, TimeProvider time)
{
    private const int PiecesPerSecond = 20;

    private readonly long begun = time.GetTimestamp();

    /// <summary>From the beginning to when all that was taken is paid for.</summary>
    private TimeSpan paid;

    /// <summary>How much to take at once, 1 to <paramref name="most"/>.</summary>
    public int Piece(int most) => bytesPerSecond == 0 ? most : (int)Math.Clamp(bytesPerSecond / PiecesPerSecond, 1, most);

    /// <summary>Returns when the next piece may be taken.</summary>
    public async Task TookAsync(int bytes, CancellationToken cancellationToken)
    {
        if (bytesPerSecond == 0)
        {
            return;
        }
        var now = time.GetElapsedTime(begun);
        paid = (paid > now ? paid : now) + TimeSpan.FromSeconds((double)bytes / bytesPerSecond);
        if (paid - now is { TotalMilliseconds: >= 1 } wait)
        {
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
