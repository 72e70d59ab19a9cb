using Meerkat.Device.Updates;

namespace Meerkat.Device.Downloads;

/// <summary>What a download is given to.</summary>
/// <param name="Begin">Told once, before the first byte, how many there will be (when known); a result ends the download.</param>
/// <param name="Write">Takes the next bytes; a result ends the download.</param>
public sealed record DownloadTaker(Func<long?, UpdateResult?> Begin, Func<ReadOnlyMemory<byte>, UpdateResult?> Write);
