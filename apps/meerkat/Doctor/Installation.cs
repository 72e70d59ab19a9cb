using System.Net.Sockets;
using System.Text.Json.Nodes;
using Meerkat.Boot;
using Meerkat.Boot.Link;
using Meerkat.Boot.Posix;
using Meerkat.Core.Access;
using Meerkat.Core.Boot;
using Meerkat.Core.Settings;
using Meerkat.Core.Values;
using Meerkat.Storage;
using Meerkat.Storage.Posix;

namespace Meerkat.Tool.Doctor;

/// <summary>Gathers the facts about a device and the machine that it is on, and has the checks judge them.</summary>
/// <param name="root">The device's directory.</param>
internal sealed class Installation(string root)
{
    /// <summary>Looks at everything; what cannot be looked at is said.</summary>
    public static IEnumerable<Finding> Examine(string root)
    {
        DeviceRoot device;
        try
        {
            device = DeviceRoot.Open(root);
        }
        catch (BootRefusedException fault)
        {
            return [new Finding(BoardCheck.Name, FindingState.Problem, fault.Message, "correct that first"), .. Surroundings(root)];
        }
        using (device)
        {
            return [.. new Installation(root).Examine(device), .. Surroundings(root)];
        }
    }

    private static IEnumerable<Finding> Surroundings(string root) =>
    [
        FileSystemCheck.Judge(MountFacts.Of(Path.GetFullPath(root), Machine.Mounts)),
        ClockCheck.Judge(TimeProvider.System.GetUtcNow()),
        .. KernelCheck.Judge(
            Machine.HasUnifiedGroups, Machine.HasOldGroups,
            UserId.IsRoot ? MountFacts.Of("/sys/fs/cgroup", Machine.Mounts)?.Options.Contains("ro") == false : null,
            OpenAt2.IsThere),
    ];

    private List<Finding> Examine(DeviceRoot device)
    {
        var found = new List<Finding>();
        var status = Status();
        var choice = new BootRecordStore(device.Volume).Read();
        var record = (choice as BootRecordChoice.Chosen)?.Record;
        var firmware = Firmware(device);
        if (Look(BoardCheck.Name, found, () => device.Volume.Find("boot")) is { } boot)
        {
            found.AddRange(BoardCheck.Judge(device.Board, firmware, boot.Attributes.User));
            if (firmware is { } user && user.User != boot.Attributes.User && user.User != 0)
            {
                found.AddRange(RightsCheck.Judge(device.Path, [.. Rights(device, record, found)], user));
            }
        }
        found.AddRange(RecordCheck.Judge(new RecordFacts(choice, status?.RecordProblem ?? "", Slots(device, record))));
        found.AddRange(ProgramsCheck.Judge(OwnVersion, [Loader(), Agent(device.Board)], status?.BootVersion));
        if (record is not null)
        {
            Look(SpaceCheck.Name, found, () => Space(device, record));
        }
        found.AddRange(WatchdogCheck.Judge(new WatchdogFacts(
            File.Exists("/dev/watchdog"),
            Machine.SystemdTime("", "RuntimeWatchdogUSec"),
            Machine.SystemdTime("meerkat.service", "WatchdogUSec"),
            device.Board.Supervision.Watchdog)));
        Look(SettingsCheck.Name, found, () => SettingsCheck.Judge(RunConfiguration.Compose(device.Volume, device.Board, record?.Active).Problems));
        Look(NetworkCheck.Name, found, () => Network(device, record, status is not null));
        if (status is null && File.Exists(Path.Combine(root, BootLink.SocketPath)))
        {
            found.Add(new Finding(
                "boot loader", FindingState.NotSeen, UserId.IsRoot ? "none runs this device" : "whether one runs can be seen by root only",
                UserId.IsRoot ? "systemctl start meerkat" : "run this as root"));
        }
        return found;
    }

    private static string OwnVersion => typeof(DeviceRoot).Assembly.GetName().Version?.ToString(3) ?? "";

    private BootStatus? Status()
    {
        try
        {
            using var link = BootLink.Connect(root);
            return link.Status();
        }
        catch (Exception fault) when (fault is IOException or SocketException)
        {
            return null;
        }
    }

    private static UserId? Firmware(DeviceRoot device)
    {
        try
        {
            return UserId.Resolve(device.Board.User);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>A fault of one look is a finding, and the others go on.</summary>
    private static T? Look<T>(string check, List<Finding> found, Func<T?> look)
    {
        try
        {
            var seen = look();
            switch (seen)
            {
                case Finding finding:
                    found.Add(finding);
                    break;
                case IEnumerable<Finding> findings:
                    found.AddRange(findings.ToList());
                    break;
            }
            return seen;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            found.Add(new Finding(check, FindingState.NotSeen, fault.Message, UserId.IsRoot ? "" : "run this as root"));
            return default;
        }
    }

    private static IEnumerable<EntryRights> Rights(DeviceRoot device, BootRecord? record, List<Finding> found)
    {
        List<(string Path, EntryRule Rule)> rules =
        [
            ("", EntryRule.MustNotWrite),
            (DeviceRoot.BoardPath, EntryRule.MustNotWrite),
            ("boot", EntryRule.MustNotWrite),
            ("boot/record.0", EntryRule.MustNotWrite),
            ("boot/record.1", EntryRule.MustNotWrite),
            (SlotPaths.All, EntryRule.MustNotWrite),
            ("run", EntryRule.MustNotWrite),
            ("log", EntryRule.MustNotWrite),
            (DeviceRoot.DataPath, EntryRule.MustWrite),
            (BootLink.SocketPath, EntryRule.OwnerOnly),
        ];
        if (record is not null)
        {
            rules.Add((SlotPaths.Slot(record.Active), EntryRule.MustNotWrite));
            rules.Add((SlotPaths.Image(record.Active), EntryRule.MustNotWrite));
            rules.Add((SlotPaths.Files(record.Active), EntryRule.MustWrite));
            rules.Add((SlotPaths.Slot(record.Active.Other), EntryRule.MustNotEnter));
        }
        foreach (var (path, rule) in rules)
        {
            if (Look(RightsCheck.Name, found, () => device.Volume.Find(path)) is { Attributes: var rights })
            {
                yield return new EntryRights(path, rule, rights.Mode, rights.User, rights.Group);
            }
        }
    }

    private static SortedDictionary<int, string?> Slots(DeviceRoot device, BootRecord? record)
    {
        var slots = new SortedDictionary<int, string?>();
        foreach (var slot in (SlotId[])[SlotId.Zero, SlotId.One])
        {
            if (record is not null && record[slot].MayStart)
            {
                slots[slot.Number] = CanEnter(device, slot) ? new SlotStore(device.Volume).Check(slot, record[slot]).Problem : null;
            }
        }
        return slots;
    }

    private static bool CanEnter(DeviceRoot device, SlotId slot)
    {
        try
        {
            _ = device.Volume.Find(SlotPaths.Seal(slot));
            return true;
        }
        catch (StorageException)
        {
            return false;
        }
    }

    private static InstalledProgram Loader() => Find("meerkat-boot", Places("meerkat-boot"));

    private static InstalledProgram Agent(Board board) => Find(
        "meerkat-agent", board.AgentProgram.Length > 0 ? [board.AgentProgram] : Places("meerkat-agent"));

    private static string[] Places(string name)
    {
        var own = Path.GetDirectoryName(Environment.ProcessPath) ?? "/";
        return [Path.Combine(own, name), Path.GetFullPath(Path.Combine(own, "..", name, name)), "/usr/lib/meerkat/" + name, "/usr/local/bin/" + name];
    }

    private static InstalledProgram Find(string name, string[] places)
    {
        var path = places.FirstOrDefault(File.Exists) ?? "";
        return new InstalledProgram(name, path, path.Length > 0 ? Machine.Output(path, "--version").Trim() : "");
    }

    private static Finding Space(DeviceRoot device, BootRecord record)
    {
        long Bytes(SlotId slot) => record[slot].ImageBytes + device.Volume.TreeBytes(SlotPaths.Files(slot));

        return SpaceCheck.Judge(
            device.Volume.FreeBytes,
            CanEnter(device, record.Active.Other) ? device.Volume.TreeBytes(SlotPaths.Slot(record.Active.Other)) : 0,
            Bytes(record.Active),
            device.Board.ReserveBytes);
    }

    private static List<Finding> Network(DeviceRoot device, BootRecord? record, bool running)
    {
        var settings = new SettingValues(RunConfiguration.Compose(device.Volume, device.Board, record?.Active).Tree);
        var pinned = new SettingValues(device.Board.Settings);
        return
        [
            .. NetworkCheck.Judge(new NetworkFacts(
                settings.Flag("http.enable"),
                settings.Text("http.listen_addr"),
                Exposure.Of(settings).Missing.Length == 0,
                Exposure.Of(settings).Tls,
                pinned.WholeNumber("update.sig_req_mask") > 0,
                running,
                Machine.Listening)),
        ];
    }
}
