namespace Meerkat.Device.Updates;

/// <summary>What <c>OTA.Status</c> tells of the update itself (spec section 3.2).</summary>
/// <param name="State">0 idle, 1 progress, 2 error, 3 success.</param>
/// <param name="Message">The status text, or the state's name.</param>
/// <param name="ProgressPercent">Bytes received of all, 0 to 100; 0 while the size is not known.</param>
/// <param name="Phase">idle, receiving, writing, verifying, armed.</param>
public sealed record UpdateStatus(int State, string Message, int ProgressPercent, string Phase)
{
    public const int Running = 1;

    /// <summary>Bit n: signature n of the bundle last looked at holds; null before the first manifest was read.</summary>
    public int? Signatures { get; init; }

    public static readonly UpdateStatus Idle = new(0, "idle", 0, "idle");
}
