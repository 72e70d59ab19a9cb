using System.CommandLine;

namespace Meerkat.Bench;

internal static class EnduranceBench
{
    public static Command Command() => new("endurance", "not yet");
}
