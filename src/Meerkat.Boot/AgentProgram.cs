using Meerkat.Core.Boot;

namespace Meerkat.Boot;

/// <summary>Where the agent's program is.</summary>
internal static class AgentProgram
{
    private const string Name = "meerkat-agent";

    /// <exception cref="BootRefusedException">It is nowhere.</exception>
    public static string Find(Board board)
    {
        var here = Path.GetDirectoryName(Environment.ProcessPath) ?? "/";
        string[] places = board.AgentProgram.Length > 0
            ? [board.AgentProgram]
            : [Path.Combine(here, Name), Path.GetFullPath(Path.Combine(here, "..", Name, Name))];
        return places.FirstOrDefault(File.Exists)
            ?? throw new BootRefusedException(
                $"the agent is not there (looked for {string.Join(" and ", places)}); "
                + "install it beside meerkat-boot, or name it in board.json as \"agent_program\"");
    }
}
