using Meerkat.Core.Values;

namespace Meerkat.Core.Updates;

/// <summary>What a gate is asked.</summary>
/// <param name="Point">Before what.</param>
/// <param name="Name">The bundle's name.</param>
/// <param name="Offered">The version of the update.</param>
/// <param name="Running">The version that runs; none in recovery.</param>
/// <param name="Target">The slot that the update goes, or went, into.</param>
public sealed record GateQuestion(GatePoint Point, string Name, FirmwareVersion Offered, FirmwareVersion Running, SlotId Target);
