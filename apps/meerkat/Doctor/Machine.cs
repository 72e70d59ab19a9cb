using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Meerkat.Tool.Doctor;

/// <summary>What this machine says of itself; nothing of it needs root.</summary>
internal static class Machine
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    public static IReadOnlyCollection<string> Mounts => Lines("/proc/self/mountinfo");

    public static IReadOnlyCollection<IPEndPoint> Listening =>
        [.. ListeningSockets.Parse(Lines("/proc/net/tcp")), .. ListeningSockets.Parse(Lines("/proc/net/tcp6"))];

    public static bool HasUnifiedGroups => File.Exists("/sys/fs/cgroup/cgroup.controllers");

    public static bool HasOldGroups => Lines("/proc/self/mountinfo").Any(line => line.Contains(" - cgroup ", StringComparison.Ordinal));

    /// <summary>A time limit of a unit, or of systemd itself for an empty name; none where there is no systemd or no such unit.</summary>
    public static TimeSpan? SystemdTime(string unit, string property)
    {
        if (!Directory.Exists("/run/systemd/system")
            || (unit.Length > 0 && Output("systemctl", "show", unit, "-p", "LoadState", "--value").Trim() != "loaded"))
        {
            return null;
        }
        string[] of = unit.Length > 0 ? [unit] : [];
        var text = Output("systemctl", ["show", .. of, "-p", property, "--value"]).Trim();
        return text is "0" or "infinity" ? TimeSpan.Zero : Span(text);
    }

    /// <summary>Standard output of a program; empty when it cannot be run, fails, or takes longer than 10 seconds.</summary>
    public static string Output(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var text = process.StandardOutput.ReadToEndAsync();
            if (process.WaitForExit(AnswerTimeout))
            {
                return process.ExitCode == 0 ? text.GetAwaiter().GetResult() : "";
            }
            process.Kill();
            return "";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "";
        }
    }

    /// <summary>Reads what systemd prints for people: <c>2min 30s</c>, <c>500ms</c>.</summary>
    internal static TimeSpan? Span(string text)
    {
        var sum = TimeSpan.Zero;
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        foreach (var word in words)
        {
            var digits = word.TakeWhile(letter => char.IsAsciiDigit(letter) || letter == '.').Count();
            if ( !double.TryParse(word.AsSpan(0, digits), NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }
            TimeSpan? unit = word[digits..] switch
            {
                "us" => TimeSpan.FromMicroseconds(1),
                "ms" => TimeSpan.FromMilliseconds(1),
                "s" => TimeSpan.FromSeconds(1),
                "min" => TimeSpan.FromMinutes(1),
                "h" => TimeSpan.FromHours(1),
                "d" => TimeSpan.FromDays(1),
                _ => null,
            };
            if (unit is null)
            {
                return null;
            }
            sum += number * unit.Value;
        }
        return words.Length > 0 ? sum : null;
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
