using System.Net.Http.Headers;

namespace Meerkat.Device.Downloads;

/// <summary>By what a server's file is known again: a strong ETag, or else the date of its last change. One of the two is there.</summary>
internal sealed record DownloadMark(EntityTagHeaderValue? Tag, DateTimeOffset? Modified, long? TotalBytes)
{
    /// <summary>What a file changed in the very second of the answer may change again without a new date (RFC 9110, section 8.8.2.2).</summary>
    private static readonly TimeSpan SameMoment = TimeSpan.FromSeconds(1);

    public RangeConditionHeaderValue Condition => Tag is not null ? new RangeConditionHeaderValue(Tag) : new RangeConditionHeaderValue(Modified!.Value);

    /// <summary>The mark of an answer with the whole file; none when it gives nothing to know it by.</summary>
    public static DownloadMark? Of(HttpResponseMessage response)
    {
        var content = response.Content.Headers;
        return response.Headers.ETag is { IsWeak: false } tag ? new DownloadMark(tag, null, content.ContentLength)
            : content.LastModified is { } date && !(response.Headers.Date - date < SameMoment) ? new DownloadMark(null, date, content.ContentLength)
            : null;
    }

    /// <summary>Whether an answer with the whole file is about the same one.</summary>
    public bool IsOf(HttpResponseMessage response) => Tag is not null
        ? Tag.Equals(response.Headers.ETag)
        : Modified == response.Content.Headers.LastModified && TotalBytes is not null && TotalBytes == response.Content.Headers.ContentLength;
}
