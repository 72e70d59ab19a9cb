using System.Collections.Immutable;

namespace Meerkat.Simulator.Sabotages;

/// <summary>All that is planted to prove that the search can fail.</summary>
public static class SabotageList
{
    private static readonly ImmutableArray<(string Name, string Text, Func<Sabotage> Make)> All =
    [
        ("no-file-flush", "no file is ever flushed", () => new StorageSabotage(inner => new LostFlushes(inner, _ => true, _ => false))),
        ("no-directory-flush", "the names in a directory are never flushed", () => new StorageSabotage(inner => new LostFlushes(inner, _ => false, _ => true))),
        ("no-image-flush", "an installed image is not flushed", () => new StorageSabotage(inner => new LostFlushes(inner, path => path.EndsWith("/image", StringComparison.Ordinal), _ => false))),
        ("no-record-flush", "the boot record is not flushed", () => new StorageSabotage(inner => new LostFlushes(inner, RecordFiles.IsRecord, _ => false))),
        ("no-slot-names-flush", "names in slots are not flushed", () => new StorageSabotage(inner => new LostFlushes(inner, _ => false, path => path.StartsWith("slots", StringComparison.Ordinal)))),
        ("one-record-copy", "both copies of the boot record are one file", () => new StorageSabotage(inner => new OneRecordCopy(inner))),
        ("record-in-place", "the boot record is written over the copy that counts", () => new StorageSabotage(inner => new RecordInPlace(inner))),
        ("commit-before-flush", "the answer is given before the record is flushed", () => new StorageSabotage(inner => new LateRecordFlush(inner))),
        ("reason-after-fall-back", "a fall back is stored first, its reason after it", () => new StorageSabotage(inner => new LateReason(inner))),
        ("rename-before-flush", "a file gets its name before its contents are flushed", () => new StorageSabotage(inner => new RenameFirst(inner))),
        ("merge-without-temporary-names", "merged files are written under their own names", () => new StorageSabotage(inner => new InPlace(inner, path => !path.EndsWith("/put", StringComparison.Ordinal)))),
        ("settings-in-place", "the user's files are overwritten in place", () => new StorageSabotage(inner => new InPlace(inner, path => path.EndsWith("/put", StringComparison.Ordinal)))),
        ("trial-before-attempt", "a trial is started before its attempt is stored", () => new LateAttempt(ever: true)),
        ("attempt-not-stored", "the attempt of a trial is never stored", () => new LateAttempt(ever: false)),
        ("invalidate-after-writing", "a slot is written before the record says that it is empty", () => new LinkSabotage((inner, _, _) => new LateInvalidation(inner))),
        ("arm-before-verify", "an update is armed before it is written and verified", () => new LinkSabotage((inner, installing, _) => new EarlyArm(inner, installing))),
        ("clean-up-before-commit", "the old firmware's files are removed before the new one is committed", () => new LinkSabotage((inner, _, medium) => new EarlyCleanUp(inner, medium))),
    ];

    /// <summary>Their names, in kebab-case.</summary>
    public static IEnumerable<string> Names => All.Select(one => one.Name);

    /// <summary>What a sabotage does, in words.</summary>
    public static string Text(string name) => Find(name).Text;

    /// <exception cref="ArgumentException">There is none of that name.</exception>
    internal static Func<Sabotage> Maker(string name) => Find(name).Make;

    private static (string Name, string Text, Func<Sabotage> Make) Find(string name) =>
        All.FirstOrDefault(one => one.Name == name) is { Make: not null } found
            ? found
            : throw new ArgumentException($"there is no sabotage \"{name}\"; there are {string.Join(", ", Names)}", nameof(name));
}
