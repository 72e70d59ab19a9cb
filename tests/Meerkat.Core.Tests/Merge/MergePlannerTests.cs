using CsCheck;
using Meerkat.Core.Merge;

namespace Meerkat.Core.Tests.Merge;

/// <summary>
/// File systems as words: <c>a/</c> a directory, <c>a@</c> a link, <c>a!</c> a socket, FIFO or device, <c>a</c> a file.
/// </summary>
public sealed class MergePlannerTests
{
    /// <summary>Old and new file system; what is copied (<c>+</c> replaces), shadowed and skipped.</summary>
    private static readonly Dictionary<string, (string Old, string New, string Copied, string Shadowed, string Skipped)> Rows = new()
    {
        ["nothing old"] = ("", "a b/ b/c", "", "", ""),
        ["nothing new"] = ("a b/ b/c l@", "", "a b/ b/c l@", "", ""),
        ["new files win"] = ("a b", "a", "b", "", ""),
        ["empty directory"] = ("d/", "", "d/", "", ""),
        ["directory in both"] = ("d/ d/old", "d/ d/new", "d/old", "", ""),
        ["nested"] = ("d/ d/e/ d/e/f", "d/ d/e/", "d/e/f", "", ""),
        ["file where the new has a directory"] = ("a", "a/ a/x", "", "a", ""),
        ["directory where the new has a file"] = ("a/ a/x a/y/ a/y/z b", "a", "b", "a a/x a/y a/y/z", ""),
        ["directory where the new has a link"] = ("a/ a/x", "a@", "", "a a/x", ""),
        ["link where the new has a directory"] = ("a@", "a/ a/x", "", "a", ""),
        ["link where the new has a file"] = ("a@", "a", "", "a", ""),
        ["file where the new has a link"] = ("a", "a@", "", "a", ""),
        ["link in both"] = ("a@", "a@", "", "", ""),
        ["clash deep inside"] = ("d/ d/e/ d/e/x/ d/e/x/1 d/f", "d/ d/e/ d/e/x", "d/f", "d/e/x d/e/x/1", ""),
        ["names that sort between a directory and its files"] =
            ("a/ a/x a-b a.b a0", "a", "a-b a.b a0", "a a/x", ""),
        ["specials are skipped"] = ("p! d/ d/s! d/f", "", "d/ d/f", "", "d/s p"),
        ["special where the new has a file"] = ("p!", "p", "", "", "p"),
        ["user's file, not shipped"] = ("conf.json", "", "conf.json+", "", ""),
        ["both of the user's files"] = ("conf.json conf9.json", "", "conf.json+ conf9.json+", "", ""),
        ["user's file over a shipped one"] = ("conf.json", "conf.json", "conf.json+", "", ""),
        ["user's file over a shipped link"] = ("conf9.json", "conf9.json@", "conf9.json+", "", ""),
        ["user's file over a shipped directory"] = ("conf.json", "conf.json/ conf.json/x", "conf.json+", "", ""),
        ["user's file is a link"] = ("conf.json@", "", "conf.json@", "", ""),
        ["user's file is a link, one is shipped"] = ("conf.json@", "conf.json", "", "conf.json", ""),
        ["vendor's settings are the bundle's"] = ("conf0.json conf5.json", "conf0.json", "conf5.json", "", ""),
        ["the same name deeper is nobody's"] = ("d/ d/conf.json", "d/ d/conf.json", "", "", ""),
    };

    public static TheoryData<string> Names => [.. Rows.Keys];

    private static readonly string[] PathNames = ["a", "b", "c", "conf.json", "conf9.json"];

    private static readonly Gen<MergeEntry[]> GenTree = Gen.Select(
        Gen.Enum<MergeKind>(), Gen.Int[0, PathNames.Length - 1].Select(index => PathNames[index]).Array[1, 4],
        (kind, names) => (Path: string.Join('/', names), Kind: kind)).Array[0, 12].Select(Tree);

    [Theory]
    [MemberData(nameof(Names))]
    public void Plan_IsTheRows(string name)
    {
        var (old, shipped, copied, shadowed, skipped) = Rows[name];
        var plan = MergePlanner.Plan(Read(old), Read(shipped));
        Assert.Equal(
            (copied, shadowed, skipped),
            (string.Join(' ', plan.Steps.Select(Word)), string.Join(' ', plan.Shadowed), string.Join(' ', plan.Skipped)));
    }

    [Fact]
    public void Bytes_AreThoseOfFilesThatAreCopied()
    {
        var plan = MergePlanner.Plan(
            [
                new("d", MergeKind.Directory, 4096), new("d/a", MergeKind.File, 5), new("b", MergeKind.File, 7),
                new("l", MergeKind.Link, 9), new("conf.json", MergeKind.File, 11),
            ],
            [new("b", MergeKind.File, 100), new("conf.json", MergeKind.File, 1)]);
        Assert.Equal(16, plan.Bytes);
    }

    [Fact]
    public void TreeOfAThousandLevels_IsPlanned()
    {
        var path = string.Join('/', Enumerable.Repeat("d", 1000));
        var entries = Enumerable.Range(1, 1000).Select(depth => new MergeEntry(path[..(2 * depth - 1)], MergeKind.Directory, 0));
        Assert.Equal(1000, MergePlanner.Plan(entries.Reverse(), []).Steps.Length);
    }

    [Fact]
    public void AnyTrees_MergeToWhatIsNewAndWhatFits() => Gen.Select(GenTree, GenTree).Sample((old, shipped) =>
    {
        var plan = MergePlanner.Plan(old, shipped);
        var result = shipped.ToDictionary(entry => entry.Path, entry => (entry.Kind, Old: false));
        foreach (var step in plan.Steps)
        {
            if (step.Replaces)
            {
                foreach (var below in result.Keys.Where(path => path == step.Path || IsBelow(path, step.Path)).ToList())
                {
                    result.Remove(below);
                }
            }
            Assert.True(ParentIsDirectory(step.Path), $"{step.Path} has no directory to go into");
            Assert.True(result.TryAdd(step.Path, (step.Kind, true)), $"{step.Path} is overwritten");
        }
        var users = old.Where(entry => entry is { Kind: MergeKind.File, Path: "conf.json" or "conf9.json" }).Select(entry => entry.Path).ToList();
        Assert.All(users, path => Assert.Equal((MergeKind.File, true), result[path]));
        Assert.All(shipped, entry => Assert.True(
            users.Any(user => user == entry.Path || IsBelow(entry.Path, user)) || result[entry.Path] == (entry.Kind, false),
            $"{entry.Path} of the new file system is gone"));
        Assert.Equal(
            old.Select(entry => entry.Path).Order(StringComparer.Ordinal),
            plan.Steps.Select(step => step.Path).Concat(plan.Shadowed).Concat(plan.Skipped)
                .Union(old.Where(entry => shipped.Any(other => other.Path == entry.Path && other.Kind == entry.Kind))
                    .Select(entry => entry.Path))
                .Order(StringComparer.Ordinal));

        bool ParentIsDirectory(string path) => path.LastIndexOf('/') is var slash && (slash < 0
            || (result.TryGetValue(path[..slash], out var parent) && parent.Kind == MergeKind.Directory));
    }, iter: 3000);

    /// <summary>Done again after a cut, a merge plans only what is not there yet, and the user's files.</summary>
    [Fact]
    public void PlanAfterACut_LeadsToTheSameResult() => Gen.Select(GenTree, GenTree, Gen.Int[0, 20]).Sample((old, shipped, done) =>
    {
        var plan = MergePlanner.Plan(old, shipped);
        var half = Apply(shipped, plan.Steps.Take(done));
        Assert.Equal(
            Apply(shipped, plan.Steps).OrderBy(entry => entry.Path, StringComparer.Ordinal),
            Apply(half, MergePlanner.Plan(old, half).Steps).OrderBy(entry => entry.Path, StringComparer.Ordinal));

        static List<MergeEntry> Apply(IEnumerable<MergeEntry> tree, IEnumerable<MergeStep> steps) => steps.Aggregate(
            tree.ToList(),
            (now, step) =>
            [
                .. now.Where(entry => !step.Replaces || (entry.Path != step.Path && !IsBelow(entry.Path, step.Path))),
                new MergeEntry(step.Path, step.Kind, 0),
            ]);
    }, iter: 2000);

    private static bool IsBelow(string path, string top) => path.StartsWith(top + "/", StringComparison.Ordinal);

    /// <summary>A tree that can exist: no name twice, and only directories have something below them.</summary>
    private static MergeEntry[] Tree((string Path, MergeKind Kind)[] wishes)
    {
        var tree = new Dictionary<string, MergeKind>(StringComparer.Ordinal);
        foreach (var (path, kind) in wishes)
        {
            var parents = Enumerable.Range(0, path.Length).Where(index => path[index] == '/').Select(index => path[..index]).ToList();
            if (tree.ContainsKey(path) || parents.Any(parent => tree.TryGetValue(parent, out var found) && found != MergeKind.Directory))
            {
                continue;
            }
            parents.ForEach(parent => tree[parent] = MergeKind.Directory);
            tree[path] = kind;
        }
        return [.. tree.Select(pair => new MergeEntry(pair.Key, pair.Value, 0))];
    }

    private static IEnumerable<MergeEntry> Read(string words) => words
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Select(word => word[^1] switch
        {
            '/' => new MergeEntry(word[..^1], MergeKind.Directory, 0),
            '@' => new MergeEntry(word[..^1], MergeKind.Link, 0),
            '!' => new MergeEntry(word[..^1], MergeKind.Special, 0),
            _ => new MergeEntry(word, MergeKind.File, 1),
        });

    private static string Word(MergeStep step) => step.Path + (step.Kind, step.Replaces) switch
    {
        (MergeKind.Directory, false) => "/",
        (MergeKind.Link, false) => "@",
        (MergeKind.File, false) => "",
        (MergeKind.File, true) => "+",
        _ => "?",
    };
}
