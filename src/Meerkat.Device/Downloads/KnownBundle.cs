using System.Net.Http.Headers;

namespace Meerkat.Device.Downloads;

/// <summary>What a server called a file.</summary>
/// <param name="Address">The file's own address, after all redirects.</param>
/// <param name="Tag">Its ETag; a weak one too, which is enough to tell whether it is still the same.</param>
public sealed record KnownBundle(Uri Address, EntityTagHeaderValue Tag);
