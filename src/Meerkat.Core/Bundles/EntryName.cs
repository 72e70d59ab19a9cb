namespace Meerkat.Core.Bundles;

/// <summary>Names of archive entries.</summary>
internal static class EntryName
{
    public const string Manifest = "manifest.json";

    /// <summary>What follows the first slash (specification 1.2, rule 4): one top folder is taken off.</summary>
    public static string WithoutFolder(string name) => name[(name.IndexOf('/', StringComparison.Ordinal) + 1)..];

    /// <summary>What forbids this name, as the end of a sentence; null for a good one. A slash at the end marks a folder.</summary>
    public static string? Complaint(string name)
    {
        if (name.Length == 0)
        {
            return "is empty";
        }
        if (name.Any(char.IsControl))
        {
            return "holds a control character";
        }
        if (name.Contains('\\', StringComparison.Ordinal))
        {
            return "holds a backslash";
        }
        if (name[0] == '/')
        {
            return "is absolute";
        }
        var segments = name.EndsWith('/') ? name[..^1].Split('/') : name.Split('/');
        return segments.Any(s => s is "" or "." or "..") ? "holds '.', '..' or an empty folder name" : null;
    }

    /// <summary>The text with what would upset a terminal replaced, and cut to a readable length.</summary>
    public static string Printable(string text)
    {
        var cut = text.Length > 80 ? string.Concat(text.AsSpan(0, 80), "…") : text;
        return string.Create(cut.Length, cut, static (to, from) =>
        {
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = char.IsControl(from[i]) ? '?' : from[i];
            }
        });
    }
}
