namespace Meerkat.Tool.Updates;

/// <summary>What a device is told with a bundle.</summary>
/// <param name="CommitTimeoutSeconds">Null leaves it to the device's configuration.</param>
/// <param name="Activate">False: install and do not restart.</param>
/// <param name="Force">Also a bundle that failed its trial there too often.</param>
internal sealed record UploadWishes(int? CommitTimeoutSeconds, bool Activate, bool Force);
