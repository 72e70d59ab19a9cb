namespace Meerkat.Core.Updates;

/// <summary>A bundle that failed its trial on this device, as the boot loader tells the agent.</summary>
/// <param name="Bundle">Its mark: 26 hexadecimal digits.</param>
/// <param name="Failures">How often, 1 or more.</param>
/// <param name="Last">How the last of these trials ended, in words.</param>
public sealed record FailedBundle(string Bundle, int Failures, string Last);
