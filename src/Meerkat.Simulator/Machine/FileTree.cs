using System.Collections.Immutable;
using Meerkat.Core.Merge;
using Meerkat.Simulator.Medium;
using Meerkat.Storage;

namespace Meerkat.Simulator.Machine;

/// <summary>A file system as it must be, byte for byte.</summary>
internal sealed record FileTree(ImmutableDictionary<string, FileFact> Entries)
{
    public static readonly FileTree Empty = new(ImmutableDictionary.Create<string, FileFact>(StringComparer.Ordinal));

    private readonly Lazy<UInt128> fingerprint = new(() =>
    {
        UInt128 sum = 0;
        foreach (var (path, fact) in Entries)
        {
            unchecked
            {
                sum += SimVolume.Fingerprint(path, fact.Kind, fact.Mode, fact.Bytes, fact.Target);
            }
        }
        return sum;
    });

    /// <summary>The same for the same entries.</summary>
    public UInt128 Fingerprint => fingerprint.Value;

    public FileTree With(string path, FileFact fact) => new(Entries.SetItem(path, fact));

    public FileTree Without(string path) => new(Entries.Remove(path));

    /// <summary>
    /// What an update must make of this and of what the new firmware ships: the shipped files, and of the old ones all that it lacks.
    /// Written from DESIGN.md's step 8, not from the planner that it checks.
    /// </summary>
    public FileTree MergedInto(FileTree shipped)
    {
        var merged = shipped.Entries.ToBuilder();
        foreach (var (path, fact) in Entries.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            var users = MergePlanner.UserFiles.Contains(path) && fact.Kind == EntryKind.File;
            if (path == "health.json")
            {
                // It judges the firmware that ships it, and no other.
                continue;
            }
            if (users || (!merged.ContainsKey(path) && !IsBelowShadow(path, shipped)))
            {
                merged[path] = fact;
            }
        }
        return new FileTree(merged.ToImmutable());
    }

    /// <summary>The first difference between this and what is on a medium, in words; none when there is none.</summary>
    public string? Difference(SimVolume medium, string top)
    {
        var found = 0;
        string? problem = null;
        medium.Visit(top, (path, node) =>
        {
            found++;
            problem ??= Entries.TryGetValue(path, out var expected) ? Difference(path, expected, node) : $"{path} is there, and should not be";
        });
        return problem ?? (found == Entries.Count ? null : Missing(medium, top));
    }

    private static string? Difference(string path, FileFact expected, SimNode found)
    {
        if (expected.Kind != found.Kind)
        {
            return $"{path} should be a {expected.Kind}, found a {found.Kind}";
        }
        return expected.Kind switch
        {
            EntryKind.File when !expected.Bytes.AsSpan().SequenceEqual(found.Bytes) =>
                FormattableString.Invariant($"{path} should have other bytes ({expected.Bytes.Length} expected, {found.Bytes.Length} found)"),
            EntryKind.Link when expected.Target != found.Target => $"{path} should lead to {expected.Target}, found {found.Target}",
            EntryKind.File or EntryKind.Directory when expected.Mode != found.Attributes.Mode =>
                $"{path} should have mode {Convert.ToString(expected.Mode, 8)}, found {Convert.ToString(found.Attributes.Mode, 8)}",
            _ => null,
        };
    }

    private string? Missing(SimVolume medium, string top) => Entries.Keys.Order(StringComparer.Ordinal)
        .Where(path => medium.Walk($"{top}/{path}") is null)
        .Select(path => $"{path} is missing")
        .FirstOrDefault();

    /// <summary>Below something that is no directory in the new firmware any more.</summary>
    private static bool IsBelowShadow(string path, FileTree shipped)
    {
        for (var parent = VolumeTrees.Parent(path); parent.Length > 0; parent = VolumeTrees.Parent(parent))
        {
            if (shipped.Entries.TryGetValue(parent, out var fact) && fact.Kind != EntryKind.Directory)
            {
                return true;
            }
        }
        return false;
    }
}
