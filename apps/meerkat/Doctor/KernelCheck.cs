namespace Meerkat.Tool.Doctor;

/// <summary>What this kernel offers.</summary>
internal static class KernelCheck
{
    public const string Name = "kernel";

    /// <param name="unifiedGroups">Control groups of version 2 are mounted.</param>
    /// <param name="oldGroups">Control groups of version 1 are mounted.</param>
    /// <param name="groupsWritable">The version 2 tree can be written; none when this user cannot tell.</param>
    /// <param name="openAt2">The call openat2 works.</param>
    public static IEnumerable<Finding> Judge(bool unifiedGroups, bool oldGroups, bool? groupsWritable, bool openAt2)
    {
        yield return (unifiedGroups, oldGroups, groupsWritable) switch
        {
            (true, _, true) => new Finding(Name, FindingState.Ok, "control groups v2, writable"),
            (true, _, null) => new Finding(
                Name, FindingState.NotSeen, "control groups v2; whether the boot loader may write them can be seen by root only"),
            (true, _, false) => new Finding(
                Name, FindingState.Warning, "control groups v2, read-only: a slot's processes are found by their descent alone",
                "Delegate=yes in the service; in a container, a writable /sys/fs/cgroup"),
            (false, true, _) => new Finding(
                Name, FindingState.Warning, "control groups v1: a slot's processes are found by their descent alone",
                "boot the kernel with systemd.unified_cgroup_hierarchy=1"),
            _ => new Finding(Name, FindingState.Warning, "no control groups: a slot's processes are found by their descent alone"),
        };
        yield return openAt2
            ? new Finding(Name, FindingState.Ok, "openat2 is there")
            : new Finding(Name, FindingState.Ok, "openat2 is not there: paths are walked name by name, which is as safe");
    }
}
