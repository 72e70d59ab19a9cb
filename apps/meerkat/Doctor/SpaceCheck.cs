using Meerkat.Core.Values;

namespace Meerkat.Tool.Doctor;

/// <summary>Whether a firmware like the one that runs could be installed.</summary>
internal static class SpaceCheck
{
    public const string Name = "space";

    /// <param name="freeBytes">Free now.</param>
    /// <param name="freedBytes">What emptying the other slot frees.</param>
    /// <param name="slotBytes">Image and files of the slot that runs.</param>
    /// <param name="reserveBytes">What an update must leave free.</param>
    public static Finding Judge(long freeBytes, long freedBytes, long slotBytes, long reserveBytes)
    {
        // The new files, and the old ones that the merge takes over: at worst all of them.
        var needed = 2 * slotBytes + reserveBytes;
        var available = freeBytes + freedBytes;
        var text = $"{new ByteSize(available)} for an update, which needs up to {new ByteSize(needed)} when it is like the firmware that runs";
        return available < slotBytes + reserveBytes
            ? new Finding(Name, FindingState.Problem, text, "free some: the application's data/ is the usual cause; or make the file system larger")
            : available < needed
                ? new Finding(Name, FindingState.Warning, text, "an update whose merge copies much will be refused; free some")
                : new Finding(Name, FindingState.Ok, text);
    }
}
