using Meerkat.Core.Boot;

namespace Meerkat.Tool.Doctor;

/// <summary>The boot record and the slots that it speaks of.</summary>
/// <param name="Choice">What its two copies say.</param>
/// <param name="WriteProblem">Why the boot loader that runs cannot write it; empty while it can, or while none runs.</param>
/// <param name="Slots">Of each slot that may start: what is wrong with it; empty: nothing; none: this user may not look.</param>
internal sealed record RecordFacts(BootRecordChoice Choice, string WriteProblem, IReadOnlyDictionary<int, string?> Slots);
