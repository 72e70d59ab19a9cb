namespace Meerkat.Core.Protocol;

/// <summary>
/// How a piece of <c>OTA.Write</c> fits to what has been received. Senders repeat a piece whose answer was lost, so a known piece is
/// acknowledged and not an error (specification 7.8).
/// </summary>
public abstract record PieceFit
{
    private PieceFit()
    {
    }

    /// <param name="Skip">So many bytes at the front are known already; the rest is new.</param>
    public sealed record Take(int Skip) : PieceFit;

    /// <summary>All of it has been received before.</summary>
    public sealed record Known : PieceFit;

    /// <summary>Bytes between what was received and this piece are missing.</summary>
    public sealed record Gap : PieceFit;

    /// <param name="received">Bytes taken so far, 0 or more.</param>
    /// <param name="offset">Where the piece belongs, 0 or more.</param>
    /// <param name="length">Of the piece; an empty piece at the end is taken.</param>
    public static PieceFit Of(long received, long offset, int length) =>
        offset > received ? new Gap()
        : offset == received ? new Take(0)
        : length <= received - offset ? new Known()
        : new Take((int)(received - offset));
}
