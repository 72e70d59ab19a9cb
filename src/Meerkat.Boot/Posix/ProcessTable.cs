using System.Globalization;
using System.Text;

namespace Meerkat.Boot.Posix;

/// <summary>Looks at the system's processes through <c>/proc</c>.</summary>
internal static class ProcessTable
{
    /// <summary>All descendants of a process but one program with all of its own. Zombies are left out.</summary>
    /// <param name="ancestor">Itself not among them.</param>
    /// <param name="spared">Left out with its descendants, as seen in the same look at the table.</param>
    public static List<int> Descendants(int ancestor, int? spared)
    {
        var children = All()
            .Select(process => (Process: process, Parent: Parent(process)))
            .Where(pair => pair.Parent is not null)
            .ToLookup(pair => pair.Parent!.Value, pair => pair.Process);
        var found = new List<int>();
        var left = new Stack<int>([ancestor]);
        while (left.TryPop(out var parent))
        {
            foreach (var process in children[parent].Where(process => process != spared))
            {
                found.Add(process);
                left.Push(process);
            }
        }
        return found;
    }

    /// <summary>The processes whose environment, as they were started with it, has the text <c>NAME=value</c>.</summary>
    public static List<int> WithVariable(string name, Func<string, bool> matches)
    {
        var found = new List<int>();
        foreach (var process in All())
        {
            if (process != Environment.ProcessId && Variable(process, name) is { } value && matches(value))
            {
                found.Add(process);
            }
        }
        return found;
    }

    /// <summary>When a process started, in ticks since the machine's boot; nothing when it is gone.</summary>
    public static string? StartTime(int process) => Stat(process) is { Length: > 19 } fields ? fields[19] : null;

    private static IEnumerable<int> All()
    {
        foreach (var path in System.IO.Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var process))
            {
                yield return process;
            }
        }
    }

    private static int? Parent(int process) => Stat(process) is { Length: > 1 } fields && fields[0] != "Z"
        ? int.Parse(fields[1], CultureInfo.InvariantCulture)
        : null;

    /// <summary>The fields of <c>/proc/PID/stat</c> after the program's name, state first.</summary>
    private static string[]? Stat(int process)
    {
        var text = Read($"/proc/{process}/stat");
        return text is not null && text.LastIndexOf(')') is > 0 and var end ? text[(end + 2)..].Split(' ') : null;
    }

    private static string? Variable(int process, string name) => Read($"/proc/{process}/environ")?
        .Split('\0')
        .Where(entry => entry.StartsWith(name + "=", StringComparison.Ordinal))
        .Select(entry => entry[(name.Length + 1)..])
        .FirstOrDefault();

    private static string? Read(string path)
    {
        try
        {
            return System.IO.File.ReadAllText(path, Encoding.UTF8);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Gone since it was listed, or somebody else's.
            return null;
        }
    }
}
