using System.Collections.Immutable;
using Meerkat.Core.Settings;

namespace Meerkat.Core.Merge;

/// <summary>
/// The new file system is the old one's files with the new firmware's on top (spec section 4.1): what the new one lacks
/// is copied, what it has is kept, and the user's configuration always survives.
/// </summary>
public static class MergePlanner
{
    /// <summary>Names in the root of the file system that belong to the user, never to a bundle.</summary>
    public static readonly ImmutableArray<string> UserFiles = [ConfigFiles.PreferredUserFile, ConfigFiles.OtherUserFile];

    /// <param name="old">The old file system's entries in any order.</param>
    /// <param name="shipped">The new file system's entries in any order.</param>
    public static MergePlan Plan(IEnumerable<MergeEntry> old, IEnumerable<MergeEntry> shipped)
    {
        var present = shipped.ToDictionary(entry => entry.Path, entry => entry.Kind, StringComparer.Ordinal);
        var steps = ImmutableArray.CreateBuilder<MergeStep>();
        var shadowed = ImmutableArray.CreateBuilder<string>();
        var skipped = ImmutableArray.CreateBuilder<string>();
        var lost = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in old.OrderBy(entry => entry.Path, StringComparer.Ordinal))
        {
            var users = UserFiles.Contains(entry.Path) && entry.Kind == MergeKind.File;
            if (entry.Kind == MergeKind.Special)
            {
                skipped.Add(entry.Path);
            }
            else if (lost.Contains(Parent(entry.Path)) || (!users && Clashes(entry, present)))
            {
                shadowed.Add(entry.Path);
                lost.Add(entry.Path);
            }
            else if (users || !present.ContainsKey(entry.Path))
            {
                steps.Add(new MergeStep(entry.Path, entry.Kind, entry.Kind == MergeKind.File ? entry.Bytes : 0, users));
            }
        }
        return new MergePlan(steps.ToImmutable(), shadowed.ToImmutable(), skipped.ToImmutable());
    }

    /// <summary>The new file system has something of another kind at the path, so that one of both must go.</summary>
    private static bool Clashes(MergeEntry old, Dictionary<string, MergeKind> present) =>
        present.TryGetValue(old.Path, out var kind) && kind != old.Kind;

    private static string Parent(string path) => path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "";
}
