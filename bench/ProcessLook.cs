using System.Globalization;

namespace Meerkat.Bench;

/// <summary>What /proc tells of processes.</summary>
internal static class ProcessLook
{
    private const double TicksPerSecond = 100;

    /// <summary>Peak resident memory since the process began, KiB.</summary>
    public static long PeakKib(int process) => Status(process, "VmHWM");

    public static long ResidentKib(int process) => Status(process, "VmRSS");

    /// <summary>Resident memory that is no page of a file.</summary>
    public static long OwnKib(int process) => Status(process, "RssAnon");

    public static long Threads(int process) => Status(process, "Threads");

    public static int Descriptors(int process) => Directory.GetFiles($"/proc/{process}/fd").Length;

    /// <summary>User and system time so far, in seconds; the kernel counts it in hundredths.</summary>
    public static double Processor(int process)
    {
        var fields = Stat(process) ?? throw new BenchException($"process {process} is gone");
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>The same as the scheduler counts it, to the nanosecond, over all threads that still are.</summary>
    public static double OnProcessor(int process) => Directory.GetDirectories($"/proc/{process}/task")
        .Sum(task => long.Parse(File.ReadAllText(task + "/schedstat").Split(' ')[0], CultureInfo.InvariantCulture) / 1e9);

    /// <summary>The child of the boot loader that runs a program; none when there is none.</summary>
    public static int? Child(int parent, string program) => All()
        .Where(process => Parent(process) == parent && new FileInfo($"/proc/{process}/exe").LinkTarget == program)
        .Cast<int?>().FirstOrDefault();

    public static int CountBelow(int process)
    {
        var parents = All().Select(each => (Process: each, Parent: Parent(each))).ToLookup(pair => pair.Parent, pair => pair.Process);
        int Below(int top) => parents[top].Sum(child => 1 + Below(child));
        return Below(process);
    }

    private static int? Parent(int process) =>
        Stat(process) is { } fields ? int.Parse(fields[1], CultureInfo.InvariantCulture) : null;

    private static string[]? Stat(int process)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{process}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static long Status(int process, string name)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(each => each.StartsWith(name + ":", StringComparison.Ordinal));
        return long.Parse(line.Split((char[])[':', '\t', ' '], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    private static IEnumerable<int> All() => Directory.EnumerateDirectories("/proc")
        .Select(Path.GetFileName)
        .Where(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        .Select(name => int.Parse(name!, CultureInfo.InvariantCulture));
}
