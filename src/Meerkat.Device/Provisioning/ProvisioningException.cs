namespace Meerkat.Device.Provisioning;

/// <summary>A device could not be made: what is wrong and what to do, for people.</summary>
public sealed class ProvisioningException(string message) : Exception(message);
