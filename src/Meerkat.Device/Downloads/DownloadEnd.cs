using Meerkat.Device.Updates;

namespace Meerkat.Device.Downloads;

/// <summary>How a download ended.</summary>
public abstract record DownloadEnd
{
    private DownloadEnd()
    {
    }

    /// <summary>The taker has all bytes that the server has.</summary>
    public sealed record Whole : DownloadEnd;

    /// <summary>There was nothing to take, the server or the network failed, or the taker had enough.</summary>
    /// <param name="Result">What it came to.</param>
    /// <param name="IsOfThisServer">The server or the way to it failed; another one may do better.</param>
    /// <param name="Rest">How long the server asks to be left alone, 0 or more; none when it did not.</param>
    public sealed record Ended(UpdateResult Result, bool IsOfThisServer = false, TimeSpan? Rest = null) : DownloadEnd;
}
