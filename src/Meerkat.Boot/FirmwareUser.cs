using Meerkat.Boot.Posix;

namespace Meerkat.Boot;

/// <summary>Who the firmware runs as, and whether that user can reach it.</summary>
public static class FirmwareUser
{
    /// <exception cref="BootRefusedException">The board names nobody, or somebody that this program cannot become.</exception>
    public static UserId Of(DeviceRoot device)
    {
        var name = device.Board.User;
        if (name.Length == 0 && UserId.IsRoot)
        {
            throw new BootRefusedException(
                $"{device.Path}/board.json: \"user\" is missing; running the firmware as root must be written there: \"user\": \"root\"");
        }
        try
        {
            var user = UserId.Resolve(name);
            if (IsOther(user) && !UserId.IsRoot)
            {
                throw new BootRefusedException(
                    $"{device.Path}/board.json: \"user\" is {name}, and only root can start a program as somebody else; "
                    + "run meerkat-boot as root or as that user");
            }
            return Unreachable(device.Path, user) is { } closed
                ? throw new BootRefusedException(Advice(closed, name))
                : user;
        }
        catch (FormatException fault)
        {
            throw new BootRefusedException($"{device.Path}/board.json: {fault.Message}");
        }
    }

    public static bool IsOther(UserId user) => user.User != UserId.Current.User;

    /// <summary>The first directory on the way to a path that the user may not enter; none when all is open.</summary>
    public static string? Unreachable(string path, UserId user)
    {
        if (!IsOther(user) || user.User == 0)
        {
            return null;
        }
        var steps = new Stack<string>();
        for (var step = Path.GetFullPath(path); step is not null; step = Path.GetDirectoryName(step))
        {
            steps.Push(step);
        }
        return steps.FirstOrDefault(step => Directory.Exists(step)
            && !File.GetUnixFileMode(step).HasFlag(UnixFileMode.OtherExecute));
    }

    public static string Advice(string closed, string user) =>
        $"the firmware's user '{user}' cannot enter {closed}; open it with: chmod o+x {closed} "
        + "or choose another place; if it must run as root, say so: meerkat device init --user root, or \"user\": \"root\" in board.json";
}
