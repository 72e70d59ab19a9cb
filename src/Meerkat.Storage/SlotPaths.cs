using Meerkat.Core.Values;

namespace Meerkat.Storage;

/// <summary>Where the things of a slot lie below the device's root.</summary>
public static class SlotPaths
{
    public const string All = "slots";

    public static string Slot(SlotId slot) => slot == SlotId.Zero ? "slots/0" : "slots/1";

    public static string Image(SlotId slot) => Slot(slot) + "/image";

    public static string Manifest(SlotId slot) => Slot(slot) + "/manifest.json";

    public static string Seal(SlotId slot) => Slot(slot) + "/seal";

    /// <summary>The firmware's file system and working directory.</summary>
    public static string Files(SlotId slot) => Slot(slot) + "/fs";

    /// <summary>Temporary files of a merge: beside <c>fs</c>, so on the same file system.</summary>
    public static string Temporary(SlotId slot) => Slot(slot) + "/tmp";
}
