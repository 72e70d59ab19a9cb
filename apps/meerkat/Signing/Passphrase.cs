using System.Text;

namespace Meerkat.Tool.Signing;

/// <summary>Where the passphrase of a key comes from: a file, the environment, or whoever sits at the terminal.</summary>
/// <param name="file">Its first line is the passphrase; null: there is no such file.</param>
internal sealed class Passphrase(string? file)
{
    public const string Variable = "MEERKAT_KEY_PASSPHRASE";

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
        return Console.IsInputRedirected
            ? throw new ToolException($"{key} is encrypted, and there is no terminal to ask for its passphrase: "
                + $"give --passphrase-file, or set {Variable}")
            : Ask(key);
    }

    private static string Ask(string key)
    {
        Console.Error.Write($"Passphrase of {key}: ");
        var typed = new StringBuilder();
        while (true)
        {
            var pressed = Console.ReadKey(intercept: true);
            if (pressed.Key == ConsoleKey.Enter || pressed.KeyChar is '\n' or '\r')
            {
                Console.Error.WriteLine();
                return typed.ToString();
            }
            if (pressed.Key == ConsoleKey.Backspace)
            {
                typed.Length = Math.Max(0, typed.Length - 1);
            }
            else if (pressed.KeyChar == '\u0004' && typed.Length == 0)
            {
                Console.Error.WriteLine();
                throw new ToolException($"no passphrase was given for {key}");
            }
            else if (!char.IsControl(pressed.KeyChar))
            {
                typed.Append(pressed.KeyChar);
            }
        }
    }
}
