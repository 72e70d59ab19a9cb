namespace Meerkat.Tool.Doctor;

/// <summary>Whether what is flushed on the device's file system stays.</summary>
internal static class FileSystemCheck
{
    public const string Name = "file system";

    private static readonly string[] Durable = ["ext4", "ext3", "xfs", "btrfs", "f2fs", "ubifs", "bcachefs", "jffs2", "zfs"];
    private static readonly string[] InMemory = ["tmpfs", "ramfs", "rootfs"];
    private static readonly string[] WithoutRights = ["vfat", "exfat", "msdos", "ntfs", "ntfs3", "fuseblk"];

    public static Finding Judge(MountFacts? mount) => mount switch
    {
        null => new Finding(Name, FindingState.NotSeen, "/proc/self/mountinfo does not say what the device lies on"),
        { Kind: var kind } when InMemory.Contains(kind) => new Finding(
            Name, FindingState.Problem, $"{kind} is memory: after a power cut the device is gone", "move the device to a disk or to flash"),
        { Kind: "overlay" } => new Finding(
            Name, FindingState.Problem,
            "overlay is the file system of a container or of a read-only system: what is flushed may be gone with it, or be in memory",
            "give the device's directory a volume or a partition of its own"),
        { Kind: var kind } when WithoutRights.Contains(kind) => new Finding(
            Name, FindingState.Problem, $"{kind} keeps neither owners nor modes: the firmware could write both slots", "use ext4"),
        _ when mount.Options.Contains("ro") => new Finding(
            Name, FindingState.Problem, $"{mount.Point} is mounted read-only: no trial can start, and nothing can be installed",
            $"mount -o remount,rw {mount.Point}; if it was writable, look for faults of the medium: dmesg"),
        _ when mount.Options.Any(option => option is "nobarrier" or "barrier=0") => new Finding(
            Name, FindingState.Problem, $"{mount.Point} is mounted with barriers off: what is flushed may be lost", "mount it without nobarrier"),
        { Kind: var kind } when Durable.Contains(kind) => new Finding(Name, FindingState.Ok, $"{kind} on {mount.Point}"),
        _ => new Finding(
            Name, FindingState.Warning, $"{mount.Kind} on {mount.Point}: whether a flush makes things durable there is not known",
            "use ext4, or try it: pull the plug during an update (docs/integration.md)"),
    };
}
