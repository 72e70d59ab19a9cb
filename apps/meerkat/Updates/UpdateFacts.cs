using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Updates;

/// <summary>What is told about an update besides its end.</summary>
/// <param name="Address">The device.</param>
/// <param name="Before">Its status before.</param>
/// <param name="VersionBefore">What ran before.</param>
/// <param name="VersionNow">What runs now.</param>
/// <param name="Answer">What the device said when it had the bundle.</param>
internal sealed record UpdateFacts(
    DeviceAddress Address, OtaStatus Before, string VersionBefore, string VersionNow, string Answer);
