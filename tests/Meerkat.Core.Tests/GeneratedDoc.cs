using System.Reflection;

namespace Meerkat.Core.Tests;

/// <summary>
/// A block of a file in <c>docs/</c> that is made from the code: between <c>&lt;!-- generated: NAME --&gt;</c> and
/// <c>&lt;!-- end --&gt;</c>. With <c>MEERKAT_UPDATE_DOCS=1</c> in the environment it is written instead of compared.
/// </summary>
internal static class GeneratedDoc
{
    private const string End = "<!-- end -->";

    public static string Root { get; } = typeof(GeneratedDoc).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepoRoot").Value!;

    public static void Matches(string path, string name, IEnumerable<string> lines)
    {
        var file = Path.Combine(Root, path);
        var text = File.ReadAllText(file);
        var start = $"<!-- generated: {name} -->\n";
        var from = text.IndexOf(start, StringComparison.Ordinal);
        Assert.True(from >= 0, $"{path} has no line {start}");
        from += start.Length;
        var to = text.IndexOf(End, from, StringComparison.Ordinal);
        Assert.True(to >= 0, $"{path}: the block '{name}' has no line {End}");
        var expected = "\n" + string.Join('\n', lines) + "\n\n";
        if (Environment.GetEnvironmentVariable("MEERKAT_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(file, text[..from] + expected + text[to..]);
            return;
        }
        Assert.True(
            text[from..to] == expected,
            $"{path} is not what the code says. Set MEERKAT_UPDATE_DOCS=1 and run this test again, or write:\n{expected}");
    }

    /// <summary>A Markdown table.</summary>
    public static IEnumerable<string> Table(IEnumerable<string> head, IEnumerable<IEnumerable<string>> rows)
    {
        var names = head.ToList();
        yield return $"| {string.Join(" | ", names)} |";
        yield return $"|{string.Concat(names.Select(_ => "---|"))}";
        foreach (var row in rows)
        {
            yield return $"| {string.Join(" | ", row)} |";
        }
    }
}
