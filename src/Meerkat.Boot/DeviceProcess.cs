namespace Meerkat.Boot;

/// <summary>A program that the boot loader started: the firmware or the agent.</summary>
internal sealed record DeviceProcess(int Id, NotifySocket Notify, OutputLog Output);
