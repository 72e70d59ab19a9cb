using System.Globalization;

namespace Meerkat.Boot.Posix;

/// <summary>A numeric user and group that a firmware runs as.</summary>
public readonly record struct UserId(uint User, uint Group)
{
    public static UserId Current => new(Libc.GetEffectiveUser(), Libc.GetEffectiveGroup());

    public static bool IsRoot => Current.User == 0;

    /// <summary>Reads <c>name</c>, <c>uid</c>, <c>name:group</c> or <c>uid:gid</c>; empty text means whoever runs this.</summary>
    /// <exception cref="FormatException">There is no such user or group.</exception>
    public static UserId Resolve(string text)
    {
        if (text.Length == 0)
        {
            return Current;
        }
        var (userName, groupName) = text.Split(':', 2) is [var first, var second] ? (first, second) : (text, "");
        var account = Find("/etc/passwd", userName);
        var user = Number(account?[2] ?? userName)
            ?? throw new FormatException($"there is no user '{userName}' in /etc/passwd; name one, or give numbers: 65534:65534");
        var group = groupName.Length == 0
            ? Number(account?[3] ?? userName)
            : Number(Find("/etc/group", groupName)?[2] ?? groupName);
        return new UserId(
            user, group ?? throw new FormatException($"there is no group '{groupName}' in /etc/group; name one, or give its number"));
    }

    private static string[]? Find(string file, string name) => System.IO.File.Exists(file)
        ? System.IO.File.ReadLines(file).Select(line => line.Split(':')).FirstOrDefault(fields => fields.Length > 3 && fields[0] == name)
        : null;

    private static uint? Number(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
