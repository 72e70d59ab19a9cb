namespace Meerkat.Tool;

/// <summary>Ends the command with one line <c>Error: …</c> that says what to do, and an exit code.</summary>
internal sealed class ToolException(string message, int exitCode = ExitCode.Error) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
