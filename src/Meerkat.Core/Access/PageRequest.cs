using System.Collections.Immutable;

namespace Meerkat.Core.Access;

/// <summary>The headers that tell which page a request comes from, each with all its values.</summary>
/// <param name="Host">Whom the sender believes to talk to.</param>
/// <param name="Origin">The page's origin; programs other than browsers send none.</param>
/// <param name="FetchSite"><c>Sec-Fetch-Site</c>: how the page relates to the device.</param>
public sealed record PageRequest(
    ImmutableArray<string> Host, ImmutableArray<string> Origin, ImmutableArray<string> FetchSite)
{
    /// <summary>It has what browsers alone send: a language, a referring page, a user agent that begins with <c>Mozilla/</c>.</summary>
    public bool FromBrowser { get; init; }
}
