using System.Globalization;

namespace Meerkat.Tool.Doctor;

/// <summary>Who notices that something hangs: firmware, boot loader, machine.</summary>
internal static class WatchdogCheck
{
    public const string Name = "watchdog";

    public static IEnumerable<Finding> Judge(WatchdogFacts facts)
    {
        yield return facts switch
        {
            { MachineHasOne: false } => new Finding(
                Name, FindingState.Warning, "this machine has no /dev/watchdog: nobody restarts it when its kernel hangs",
                "load the board's driver; without hardware: modprobe softdog"),
            { SystemFeedsIt: null } => new Finding(
                Name, FindingState.NotSeen, "/dev/watchdog is there; who feeds it cannot be seen without systemd"),
            { SystemFeedsIt.Ticks: 0 } => new Finding(
                Name, FindingState.Warning, "nobody feeds /dev/watchdog", "RuntimeWatchdogSec=30 in /etc/systemd/system.conf"),
            _ => new Finding(Name, FindingState.Ok, $"systemd feeds /dev/watchdog ({Seconds(facts.SystemFeedsIt!.Value)})"),
        };
        yield return facts switch
        {
            { ServiceLimit: null } => new Finding(
                Name, FindingState.NotSeen, "no service meerkat: who restarts a boot loader that hangs cannot be seen"),
            { ServiceLimit.Ticks: 0 } => new Finding(
                Name, FindingState.Warning, "the service has no WatchdogSec: a boot loader that hangs stays", "use the package's meerkat.service"),
            _ => new Finding(Name, FindingState.Ok, $"systemd restarts a boot loader that is silent for {Seconds(facts.ServiceLimit!.Value)}"),
        };
        yield return facts.FirmwareLimit == TimeSpan.Zero
            ? new Finding(
                Name, FindingState.Warning, "boot.watchdog is 0: a firmware that stops pinging is not noticed", "set it in board.json")
            : new Finding(Name, FindingState.Ok, $"a firmware that has pinged may be silent for {Seconds(facts.FirmwareLimit)}");
    }

    private static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.###} s");
}
