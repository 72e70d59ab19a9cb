using Meerkat.Device.Updates;

namespace Meerkat.Device.Downloads;

/// <summary>How the device's own looking for updates goes.</summary>
/// <param name="Url">The addresses it looks at, without users and queries; empty while it looks at none.</param>
/// <param name="Last">What the last look came to; none before the first.</param>
/// <param name="LastTime">When that was, by the device's clock.</param>
/// <param name="Failures">Looks in a row that failed.</param>
/// <param name="NextIn">Until the next look, 0 or more; none while it does not look, or looks now.</param>
public sealed record PollStatus(string Url, UpdateResult? Last, DateTimeOffset? LastTime, int Failures, TimeSpan? NextIn)
{
    public static readonly PollStatus None = new("", null, null, 0, null);
}
