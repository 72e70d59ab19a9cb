using System.Text;

namespace Meerkat.Tool.Devices;

/// <summary>Passwords that are typed in, or come through a pipe.</summary>
internal static class Password
{
    private const int MostCharacters = 1024;

    /// <summary>One line: from a terminal without showing it, else from standard input.</summary>
    /// <param name="question">Shown on a terminal.</param>
    /// <exception cref="ToolException">There is none.</exception>
    public static string Read(string question)
    {
        if (Console.IsInputRedirected)
        {
            var line = Console.In.ReadLine() ?? "";
            return line.Length is > 0 and <= MostCharacters
                ? line
                : throw new ToolException("no password: standard input must give one line of 1 to 1024 characters", ExitCode.Usage);
        }
        Console.Error.Write(question);
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                typed.Length = Math.Max(0, typed.Length - 1);
            }
            else if (!char.IsControl(key.KeyChar) && typed.Length < MostCharacters)
            {
                typed.Append(key.KeyChar);
            }
        }
        Console.Error.WriteLine();
        return typed.Length > 0 ? typed.ToString() : throw new ToolException("no password was given", ExitCode.Usage);
    }
}
