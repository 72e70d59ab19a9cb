namespace Meerkat.Device.Updates;

/// <summary>How an update ended.</summary>
/// <param name="Code">1 for success; negative for a failure (spec section 3.2).</param>
/// <param name="Message">For people and for <c>OTA.Status</c>.</param>
/// <param name="NeedsRestart">The new slot is armed; the device must restart once the caller has its answer.</param>
public sealed record UpdateResult(int Code, string Message, bool NeedsRestart)
{
    public bool Succeeded => Code > 0;

    /// <summary>The device's gate said not now: the same update may be tried again later.</summary>
    public bool IsNotNow => Code == Core.Updates.UpdateState.NotNow;

    public static UpdateResult Failed(string message) => new(-1, message, false);
}
