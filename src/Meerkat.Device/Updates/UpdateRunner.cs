using Meerkat.Boot;

namespace Meerkat.Device.Updates;

/// <summary>The one place of a device where updates run, one at a time.</summary>
public sealed class UpdateRunner(DeviceRoot device)
{
    public UpdateStatus Status { get; private set; } = UpdateStatus.Idle;

    /// <summary>Refuses when an update runs, one is armed, or the running slot is not committed.</summary>
    public UpdateBegin Begin(UpdateOptions options) => throw new NotImplementedException(device.Path);
}
