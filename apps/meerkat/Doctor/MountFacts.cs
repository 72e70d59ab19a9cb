using System.Text;

namespace Meerkat.Tool.Doctor;

/// <summary>The file system that a path lies on.</summary>
/// <param name="Point">Where it is mounted.</param>
/// <param name="Kind">As <c>ext4</c>.</param>
/// <param name="Options">Of the mount and of the file system.</param>
internal sealed record MountFacts(string Point, string Kind, IReadOnlyCollection<string> Options)
{
    /// <summary>Finds it in the lines of <c>/proc/self/mountinfo</c> (proc(5)); of two mounts on one place the later one counts.</summary>
    public static MountFacts? Of(string path, IEnumerable<string> table)
    {
        MountFacts? found = null;
        foreach (var line in table)
        {
            var fields = line.Split(' ');
            var dash = Array.IndexOf(fields, "-");
            if (dash < 6 || fields.Length < dash + 4)
            {
                continue;
            }
            var point = Unescaped(fields[4]);
            var holds = point == "/" || path == point || path.StartsWith(point + "/", StringComparison.Ordinal);
            if (holds && point.Length >= (found?.Point.Length ?? 0))
            {
                found = new MountFacts(point, fields[dash + 1], [.. fields[5].Split(','), .. fields[dash + 3].Split(',')]);
            }
        }
        return found;
    }

    /// <summary>Blanks and the like stand there as a backslash and three octal digits.</summary>
    private static string Unescaped(string text)
    {
        var plain = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\\' && at + 3 < text.Length && text.AsSpan(at + 1, 3).IndexOfAnyExceptInRange('0', '7') < 0)
            {
                plain.Append((char)Convert.ToInt32(text.Substring(at + 1, 3), 8));
                at += 3;
            }
            else
            {
                plain.Append(text[at]);
            }
        }
        return plain.ToString();
    }
}
