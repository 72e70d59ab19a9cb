namespace Meerkat.Device.Telemetry;

/// <summary>How updates end, as they are counted.</summary>
public enum UpdateEnding
{
    /// <summary>The new firmware is in its slot.</summary>
    Installed,

    /// <summary>A success without a change: the version runs already, or the server has nothing newer.</summary>
    Unneeded,

    /// <summary>Nothing was written: the device is in no state for an update, or the bundle is not for it.</summary>
    Refused,

    /// <summary>Broken off: network, medium, a damaged bundle, a time-out.</summary>
    Failed,
}
