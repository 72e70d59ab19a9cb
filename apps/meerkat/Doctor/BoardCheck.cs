using Meerkat.Boot.Posix;
using Meerkat.Core.Boot;

namespace Meerkat.Tool.Doctor;

/// <summary><c>board.json</c>: whether what it says can work on this machine.</summary>
internal static class BoardCheck
{
    public const string Name = "board";

    /// <param name="board">The board, already read without a fault.</param>
    /// <param name="firmware">Who the firmware runs as; none when the machine has no such user.</param>
    /// <param name="loader">Who the boot loader runs as: the owner of what it writes.</param>
    public static IEnumerable<Finding> Judge(Board board, UserId? firmware, uint loader)
    {
        if (firmware is not { } user)
        {
            yield return new Finding(
                Name, FindingState.Problem, $"this machine has no user '{board.User}'; the boot loader will not start",
                "make it (useradd --system), or name another in board.json as \"user\"");
            yield break;
        }
        if (board.AgentEmbedded && user.User != loader)
        {
            yield return new Finding(
                Name, FindingState.Problem,
                $"\"agent\" is embedded and the firmware runs as {board.User}: it could write neither the other slot nor ask the boot loader",
                "say \"agent\": \"separate\" in board.json, or let the firmware run as the boot loader does");
            yield break;
        }
        yield return user switch
        {
            { User: 0 } => new Finding(
                Name, FindingState.Warning, "the firmware runs as root: it can remove the other slot and the boot record",
                "give it an account of its own as \"user\" in board.json"),
            _ when user.User == loader => new Finding(
                Name, FindingState.Warning, "the firmware has the boot loader's rights: it can remove the other slot and the boot record",
                "run meerkat-boot as root, and name an account for the firmware as \"user\" in board.json"),
            _ => new Finding(Name, FindingState.Ok, $"{board.Platform}, firmware runs as {board.User}"),
        };
        if (board.User is "nobody")
        {
            yield return new Finding(
                Name, FindingState.Warning, "nobody is shared with other services, which can write the firmware's files",
                "give the firmware an account of its own, as the package's \"meerkat\"");
        }
    }
}
