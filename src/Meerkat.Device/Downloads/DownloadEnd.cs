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
    public sealed record Ended(UpdateResult Result) : DownloadEnd;
}
