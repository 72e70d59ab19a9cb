namespace Meerkat.Device.Updates;

/// <summary>How an update is to be done.</summary>
public sealed record UpdateOptions
{
    /// <summary>Seconds from the start of the new firmware to the commit, 0 to 604800; 0: it commits by itself when ready.</summary>
    public int CommitTimeoutSeconds { get; init; }

    /// <summary>Start it when it is installed; false: it is held until somebody activates it.</summary>
    public bool Activate { get; init; } = true;

    /// <summary>Length of the bundle, where the sender said it.</summary>
    public long? AnnouncedBytes { get; init; }

    /// <summary>About how long the bundle is, for the progress alone, where <see cref="AnnouncedBytes"/> is not known.</summary>
    public long? ExpectedBytes { get; init; }

    /// <summary>A bundle with the version and build id that run already ends the update as a success, without a restart.</summary>
    public bool IgnoreSameVersion { get; init; }

    /// <summary>The device looks by itself, again and again: what is always the same is logged once.</summary>
    public bool ByItself { get; init; }

    /// <summary>Also a bundle that failed its trial on this device too often.</summary>
    public bool Force { get; init; }
}
