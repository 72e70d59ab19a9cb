using Meerkat.Core.Values;

namespace Meerkat.Core.Updates;

/// <summary>What a gate is asked.</summary>
/// <param name="Point">Before what.</param>
/// <param name="Name">The bundle's name.</param>
/// <param name="Offered">The version of the update.</param>
/// <param name="Running">The version that runs; none in recovery.</param>
/// <param name="Target">The slot that the update goes, or went, into.</param>
public sealed record GateQuestion(GatePoint Point, string Name, FirmwareVersion Offered, FirmwareVersion Running, SlotId Target)
{
    /// <summary>
    /// Bit n: signature n of the bundle holds under <c>update.keyN</c>, whether it is required or not. Null when that is not known any
    /// more, because the update was installed earlier.
    /// </summary>
    public int? Signatures { get; init; }
}
