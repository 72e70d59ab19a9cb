using System.Globalization;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>The process table, looked at from outside.</summary>
internal static class ProcessLook
{
    /// <summary>Processes that a boot loader of this root started, at any depth.</summary>
    public static List<int> Of(string root) => All().Where(process =>
        Variable(process, "MEERKAT_LIFE")?.EndsWith(":" + root, StringComparison.Ordinal) == true).ToList();

    /// <summary>The firmware's main process: started by the boot loader with a slot in its environment.</summary>
    public static int? Firmware(string root, int bootLoader) => Of(root)
        .Where(process => Variable(process, "MEERKAT_SLOT") is not null && Parent(process) == bootLoader)
        .Order().Cast<int?>().FirstOrDefault();

    public static int? Agent(string root, int bootLoader) => Of(root)
        .Where(process => Variable(process, "MEERKAT_MODE") is not null && Parent(process) == bootLoader)
        .Cast<int?>().FirstOrDefault();

    /// <summary>The process that was started with a word and with another that ends with a device's root: the guard.</summary>
    public static int? WithWords(string word, string root) => All()
        .Where(process => Read($"/proc/{process}/cmdline")?.Split('\0') is { } words && words.Contains(word)
            && words.Any(other => other.EndsWith(":" + root, StringComparison.Ordinal)))
        .Cast<int?>().FirstOrDefault();

    /// <summary>The sockets that a process has open, as the links in its table of files name them.</summary>
    public static List<string> Sockets(int process) => Directory.GetFiles($"/proc/{process}/fd")
        .Select(path => new FileInfo(path).LinkTarget ?? "")
        .Where(target => target.StartsWith("socket:", StringComparison.Ordinal))
        .ToList();

    public static string? Program(int process) => new FileInfo($"/proc/{process}/exe").LinkTarget;

    public static string? Variable(int process, string name) => Read($"/proc/{process}/environ")?
        .Split('\0')
        .Where(entry => entry.StartsWith(name + "=", StringComparison.Ordinal))
        .Select(entry => entry[(name.Length + 1)..])
        .FirstOrDefault();

    public static uint? User(int process) => Read($"/proc/{process}/status")?
        .Split('\n')
        .Where(line => line.StartsWith("Uid:", StringComparison.Ordinal))
        .Select(line => (uint?)uint.Parse(line.Split('\t')[1], CultureInfo.InvariantCulture))
        .FirstOrDefault();

    private static int? Parent(int process) =>
        Read($"/proc/{process}/stat") is { } text && text.LastIndexOf(')') is > 0 and var end
            ? int.Parse(text[(end + 2)..].Split(' ')[1], CultureInfo.InvariantCulture)
            : null;

    private static IEnumerable<int> All() => Directory.EnumerateDirectories("/proc")
        .Select(Path.GetFileName)
        .Where(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        .Select(name => int.Parse(name!, CultureInfo.InvariantCulture));

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
