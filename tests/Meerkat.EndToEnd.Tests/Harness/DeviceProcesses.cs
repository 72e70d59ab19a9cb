using System.Diagnostics;
using System.Globalization;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>A firmware that runs, as the process table shows it.</summary>
internal sealed record RunningFirmware(int Process, string Version, string Slot, bool Trial);

/// <summary>The processes of one device, found by the environment that they were started with; not by the product's own word.</summary>
internal static class DeviceProcesses
{
    /// <summary>All that a boot loader on this root has started, the guard included. Zombies have no environment and do not count.</summary>
    public static List<int> Of(string root) => [.. Environments(root).Select(pair => pair.Process)];

    /// <summary>The firmware's main process: of all that has its environment, the one that leads a session below the boot loader.</summary>
    public static RunningFirmware? Firmware(string root)
    {
        foreach (var (process, variables) in Environments(root))
        {
            if (Value(variables, "MEERKAT_VERSION") is { } version && IsSessionLeader(process) && !IsLauncher(process))
            {
                return new RunningFirmware(process, version, Value(variables, "MEERKAT_SLOT")!, Value(variables, "MEERKAT_TRIAL") == "1");
            }
        }
        return null;
    }

    public static int? Agent(string root) => Environments(root)
        .Where(pair => Value(pair.Variables, "MEERKAT_MODE") is not null && !IsLauncher(pair.Process))
        .Select(pair => (int?)pair.Process)
        .FirstOrDefault();

    public static void Kill(int process)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            found.Kill();
        }
        catch (Exception fault) when (fault is ArgumentException or InvalidOperationException)
        {
            // It ended by itself in between.
        }
    }

    public static bool Lives(int process) => Read($"/proc/{process}/environ").Length > 0;

    private static IEnumerable<(int Process, string[] Variables)> Environments(string root)
    {
        foreach (var path in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var process))
            {
                var variables = Read($"{path}/environ").Split('\0');
                if (Value(variables, "MEERKAT_LIFE")?.EndsWith($":{root}", StringComparison.Ordinal) == true)
                {
                    yield return (process, variables);
                }
            }
        }
    }

    private static string? Value(string[] variables, string name) => variables
        .Where(variable => variable.StartsWith(name + "=", StringComparison.Ordinal))
        .Select(variable => variable[(name.Length + 1)..])
        .FirstOrDefault();

    /// <summary>Between fork and exec the environment is there already and the program is not.</summary>
    private static bool IsLauncher(int process) => Read($"/proc/{process}/cmdline").Split('\0').Contains("--exec");

    private static bool IsSessionLeader(int process)
    {
        const int session = 3;
        var text = Read($"/proc/{process}/stat");
        return text.LastIndexOf(')') is > 0 and var end
            && text[(end + 2)..].Split(' ')[session] == process.ToString(CultureInfo.InvariantCulture);
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
