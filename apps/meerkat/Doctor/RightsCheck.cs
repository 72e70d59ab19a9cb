using System.Globalization;
using Meerkat.Boot.Posix;

namespace Meerkat.Tool.Doctor;

/// <summary>Whether the firmware's user can change what it must not, and what it must.</summary>
internal static class RightsCheck
{
    public const string Name = "rights";

    private const int Write = 2;
    private const int Enter = 1;
    private const int GroupAndOthers = 0x3F;

    /// <param name="root">The device's directory, for the advice.</param>
    /// <param name="entries">What was looked at.</param>
    /// <param name="firmware">Who the firmware runs as: neither root nor the boot loader's user.</param>
    public static IEnumerable<Finding> Judge(string root, IReadOnlyCollection<EntryRights> entries, UserId firmware)
    {
        var wrong = entries.Select(entry => Judge(Path.Combine(root, entry.Path), entry, firmware)).OfType<Finding>().ToList();
        return wrong.Count > 0 ? wrong : [new Finding(Name, FindingState.Ok, $"{entries.Count} entries are as they must be")];
    }

    private static Finding? Judge(string path, EntryRights entry, UserId firmware)
    {
        var mode = Convert.ToString(entry.Mode, 8);
        var found = string.Create(CultureInfo.InvariantCulture, $"{path} (mode {mode}, owner {entry.User}:{entry.Group})");
        return entry.Rule switch
        {
            EntryRule.MustNotWrite when Allows(entry, firmware, Write) || entry.User == firmware.User => new Finding(
                Name, FindingState.Problem, $"{found} can be changed by the firmware",
                $"chown root:root and chmod go-w {path}"),
            EntryRule.MustNotEnter when Allows(entry, firmware, Enter) || entry.User == firmware.User => new Finding(
                Name, FindingState.Problem, $"{found} holds the slot to fall back to and can be entered by the firmware",
                $"chown root:root and chmod 700 {path}"),
            EntryRule.MustWrite when !Allows(entry, firmware, Write) => new Finding(
                Name, FindingState.Problem, $"{found} cannot be written by the firmware",
                string.Create(CultureInfo.InvariantCulture, $"chown -R {firmware.User}:{firmware.Group} {path}")),
            EntryRule.OwnerOnly when (entry.Mode & GroupAndOthers) != 0 => new Finding(
                Name, FindingState.Problem, $"{found} is open to others than its owner, who could ask the boot loader for anything",
                $"chmod 600 {path}"),
            _ => null,
        };
    }

    private static bool Allows(EntryRights entry, UserId user, int bit)
    {
        var shift = entry.User == user.User ? 6 : entry.Group == user.Group ? 3 : 0;
        return (entry.Mode >> shift & bit) != 0;
    }
}
