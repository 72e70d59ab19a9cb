namespace Meerkat.Tool;

/// <summary>Exit codes of the tool; 0 to 2 are those of <c>mos</c>.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>The device refused or could not be reached, or a file could not be read.</summary>
    public const int Error = 1;

    /// <summary>The command line is wrong; nothing was done.</summary>
    public const int Usage = 2;

    /// <summary>The update was installed and tried, and the device runs its old firmware again.</summary>
    public const int FellBack = 3;
}
