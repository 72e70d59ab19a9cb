using System.IO.Hashing;
using System.Reflection;

namespace Meerkat.Fuzz;

/// <summary>The saved inputs of a target, in <c>testdata/fuzz/NAME/</c>.</summary>
internal static class Corpus
{
    /// <summary>What the inputs of one target may take in all; the shortest of those that add something are kept.</summary>
    private const int MostSavedBytes = 40 * 1024;

    private static readonly string Root = typeof(Corpus).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepoRoot").Value!;

    public static string FindingsFolder => Path.Combine(Root, "fuzz", "findings");

    public static string Folder(string target) => Path.Combine(Root, "testdata", "fuzz", target);

    /// <summary>In the order of their names.</summary>
    public static List<(string Path, byte[] Input)> Load(string target) => Directory.Exists(Folder(target))
        ? [.. Directory.GetFiles(Folder(target)).Order(StringComparer.Ordinal).Select(path => (path, File.ReadAllBytes(path)))]
        : [];

    /// <summary>Writes the inputs that, shortest first, each take a branch that those before do not.</summary>
    /// <returns>How many files were new.</returns>
    public static int Save(Target target, IEnumerable<byte[]> inputs)
    {
        var coverage = new Coverage();
        var left = MostSavedBytes;
        var saved = 0;
        Directory.CreateDirectory(Folder(target.Name));
        foreach (var (path, input) in Load(target.Name))
        {
            coverage.Add(Branches(target, input));
            left -= input.Length;
        }
        foreach (var input in inputs.OrderBy(input => input.Length))
        {
            if (coverage.Add(Branches(target, input)) && (left -= input.Length) >= 0)
            {
                File.WriteAllBytes(Path.Combine(Folder(target.Name), Title(input)), input);
                saved++;
            }
        }
        return saved;
    }

    /// <summary>Keeps an input with which something went wrong; the path.</summary>
    public static string Keep(string target, byte[] input)
    {
        Directory.CreateDirectory(FindingsFolder);
        var path = Path.Combine(FindingsFolder, $"{target}-{Title(input)}");
        File.WriteAllBytes(path, input);
        return path;
    }

    private static string Title(byte[] input) => Convert.ToHexStringLower(XxHash64.Hash(input));

    /// <summary>Whether a branch was taken counts here, and not how often.</summary>
    private static List<(int Place, byte Times)> Branches(Target target, byte[] input)
    {
        Coverage.Begin();
        Trial.Run(target, input, mustBeAccepted: false, timed: false);
        return [.. Coverage.Taken().Select(taken => (taken.Place, (byte)1))];
    }
}
