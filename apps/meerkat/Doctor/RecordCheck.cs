using Meerkat.Core.Boot;

namespace Meerkat.Tool.Doctor;

/// <summary>Whether the boot record and the slots' seals and images can be read and agree.</summary>
internal static class RecordCheck
{
    public const string Name = "boot record";
    public const string SlotName = "slots";

    public static IEnumerable<Finding> Judge(RecordFacts facts)
    {
        yield return facts.Choice switch
        {
            BootRecordChoice.Chosen { Note: "" } chosen => new Finding(
                Name, FindingState.Ok, $"both copies, sequence {chosen.Record.Sequence}, slot {chosen.Record.Active} "
                + (chosen.Record.Committed ? "committed" : "not committed")),
            BootRecordChoice.Chosen chosen => new Finding(
                Name, FindingState.Warning, $"one copy is damaged ({chosen.Note}); the other one counts",
                "it is mended when the boot loader starts; if it comes back, the medium is failing"),
            BootRecordChoice.Refused refused => new Finding(
                Name, FindingState.Problem, $"a newer program wrote it: {refused.Text}", "install that version again"),
            BootRecordChoice.Lost lost => new Finding(
                Name, FindingState.Problem, $"both copies are damaged: {lost.Text}",
                "the seals of the slots decide at the next start; look for faults of the medium"),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        if (facts.WriteProblem.Length > 0)
        {
            yield return new Finding(
                Name, FindingState.Problem, $"it cannot be written: {facts.WriteProblem}",
                "no update is possible until that is mended; then restart the boot loader");
        }
        foreach (var (slot, problem) in facts.Slots)
        {
            yield return problem switch
            {
                null => new Finding(SlotName, FindingState.NotSeen, $"slot {slot} is closed to this user", "run this as root"),
                "" => new Finding(SlotName, FindingState.Ok, $"slot {slot}: seal and image are intact"),
                _ => new Finding(
                    SlotName, FindingState.Problem, $"slot {slot}: {problem}",
                    IsActive(facts.Choice, slot) ? "install a firmware; until then the other slot takes over" : "install a firmware; until then there is nothing to fall back to"),
            };
        }
    }

    private static bool IsActive(BootRecordChoice choice, int slot) =>
        choice is BootRecordChoice.Chosen { Record.Active.Number: var active } && active == slot;
}
