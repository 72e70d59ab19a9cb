namespace Meerkat.Device;

/// <summary>
/// Bounds how long a transfer may stand still. The time starts anew only when another 64 KiB have come (or fewer, see <see cref="PieceBytes"/>), so that a sender of single
/// bytes does not hold the device's one place for updates.
/// </summary>
/// <param name="limit">How long nothing may come.</param>
/// <param name="time">Measures it.</param>
/// <param name="stop">Other reasons to end.</param>
public sealed class StallWatch(TimeSpan limit, TimeProvider time, params CancellationToken[] stop) : IDisposable
{
    public const int UsualPieceBytes = 64 * 1024;

    private readonly CancellationTokenSource stalled = new(limit, time);
    private CancellationTokenSource? either;
    private long counted;

    public TimeSpan Limit => limit;

    /// <summary>After so many bytes the time starts anew.</summary>
    public int PieceBytes { get; init; } = UsualPieceBytes;

    /// <summary>Cancelled when nothing came for too long, or one of the other reasons arose.</summary>
    public CancellationToken Token => (either ??= CancellationTokenSource.CreateLinkedTokenSource([stalled.Token, .. stop])).Token;

    /// <summary>Nothing came for too long.</summary>
    public bool Expired => stalled.IsCancellationRequested;

    public void Received(int bytes)
    {
        counted += bytes;
        if (counted >= PieceBytes)
        {
            counted = 0;
            stalled.CancelAfter(limit);
        }
    }

    public void Dispose()
    {
        either?.Dispose();
        stalled.Dispose();
    }
}
