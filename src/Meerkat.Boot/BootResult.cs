using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Boot;

/// <summary>What the boot sequence decided; all that it changed is durable.</summary>
/// <param name="Record">The boot record in force.</param>
/// <param name="Mode">Whether a trial starts, a committed slot runs, or nothing can.</param>
/// <param name="Slot">The slot to start; none in recovery.</param>
/// <param name="RecordProblem">Why the record cannot be written; empty while it can.</param>
/// <param name="Unrecorded">Why the active slot does not run, where the record could not say so.</param>
public sealed record BootResult(BootRecord Record, RunMode Mode, SlotId? Slot, string RecordProblem, BootOutcome? Unrecorded = null);
