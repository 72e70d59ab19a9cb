namespace Meerkat.Tool.Doctor;

/// <summary>The chain of watchdogs, from the machine to the firmware.</summary>
/// <param name="MachineHasOne"><c>/dev/watchdog</c> is there.</param>
/// <param name="SystemFeedsIt">How long the machine waits for systemd; zero: it does not feed it; none: there is no systemd to ask.</param>
/// <param name="ServiceLimit">WatchdogSec of the service; zero: none; none: there is no systemd, or it has no such service.</param>
/// <param name="FirmwareLimit">boot.watchdog; zero: not watched.</param>
internal sealed record WatchdogFacts(bool MachineHasOne, TimeSpan? SystemFeedsIt, TimeSpan? ServiceLimit, TimeSpan FirmwareLimit);
