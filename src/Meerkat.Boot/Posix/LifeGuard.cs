namespace Meerkat.Boot.Posix;

/// <summary>
/// <c>meerkat-boot --guard LIFE</c>: waits until its standard input closes, which the system does when the boot loader
/// ends in whatever way, and then ends all that this boot loader had started.
/// </summary>
public static class LifeGuard
{
    public const string Switch = "--guard";

    private const int MostRounds = 400;
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(5);

    public static int Run(string life)
    {
        using var input = Console.OpenStandardInput();
        while (input.ReadByte() >= 0)
        {
            // Nothing is ever said; only the end counts.
        }
        End(value => value == life);
        return 0;
    }

    /// <summary>Kills every process that was started with a matching life in its environment, until there is none.</summary>
    internal static void End(Func<string, bool> matches)
    {
        for (var round = 0; round < MostRounds; round++)
        {
            var found = ProcessTable.WithVariable(DeviceProcesses.LifeVariable, matches);
            if (found.Count == 0)
            {
                return;
            }
            found.ForEach(process => Libc.Kill(process, Libc.SigKill));
            Thread.Sleep(LookAgain);
        }
    }
}
