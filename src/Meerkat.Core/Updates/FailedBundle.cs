namespace Meerkat.Core.Updates;

/// <summary>A bundle that failed its trial on this device, as the boot loader tells the agent.</summary>
/// <param name="Bundle">Its mark: 26 hexadecimal digits.</param>
/// <param name="Failures">How often, 0 or more.</param>
/// <param name="Last">How the last of these trials ended, in words.</param>
/// <param name="PowerLosses">How many trials more ended with the power, 0 or more.</param>
public sealed record FailedBundle(string Bundle, int Failures, string Last, int PowerLosses = 0);
