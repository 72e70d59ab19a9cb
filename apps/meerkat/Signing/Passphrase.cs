using System.Diagnostics;
using System.Text;

namespace Meerkat.Tool.Signing;

/// <summary>Where the passphrase of a key comes from: a file, the environment, or whoever sits at the terminal.</summary>
/// <param name="file">Its first line is the passphrase; null: there is no such file.</param>
internal sealed class Passphrase(string? file)
{
    public const string Variable = "MEERKAT_KEY_PASSPHRASE";

    private const int NoTerminal = 2;

    /// <summary>
    /// Asks without an echo, from before the question is there until the answer is. The console of the framework switches the echo off
    /// for one key at a time: what is typed between them would show.
    /// </summary>
    private const string Question = """
        exec 3<>/dev/tty || exit 2
        before=$(stty -g <&3) || exit 2
        trap 'stty "$before" <&3; echo >&3' EXIT
        trap 'exit 1' INT TERM HUP
        stty -echo <&3
        printf 'Passphrase of %s: ' "$1" >&3
        IFS= read -r line <&3 || exit 1
        printf %s "$line"
        """;

    /// <summary>The passphrase for a key. Asked for on the terminal each time, because each key may have its own.</summary>
    /// <exception cref="ToolException">There is none.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public string For(string key)
    {
        if (file is not null)
        {
            return File.ReadLines(file).FirstOrDefault() is { Length: > 0 } line ? line
                : throw new ToolException($"{file}: the first line, which should be the passphrase, is empty");
        }
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } value)
        {
            return value;
        }
        return Ask(key);
    }

    private static string Ask(string key)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Question, "sh", key]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var shell = Process.Start(start)!;
        using var typed = new MemoryStream();
        shell.StandardOutput.BaseStream.CopyTo(typed);
        shell.WaitForExit();
        return shell.ExitCode switch
        {
            0 when typed.Length > 0 => Encoding.UTF8.GetString(typed.ToArray()),
            NoTerminal => throw new ToolException($"{key} is encrypted, and there is no terminal to ask for its passphrase: "
                + $"give --passphrase-file, or set {Variable}"),
            _ => throw new ToolException($"no passphrase was given for {key}"),
        };
    }
}
