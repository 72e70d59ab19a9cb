using System.CommandLine;

namespace Meerkat.Bench;

internal static class BootBench
{
    public static Command Command() => new("boot", "not yet");
}
