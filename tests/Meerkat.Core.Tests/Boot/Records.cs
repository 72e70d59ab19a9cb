using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Core.Tests.Boot;

/// <summary>Boot records to test with: known ones and random ones.</summary>
internal static class Records
{
    public static readonly Guid KernelBoot = new("0b6c5a3e-51f2-4f0e-9a7a-1f6d9f2b7c11");
    public static readonly DateTimeOffset At = new(2026, 3, 4, 5, 6, 7, 890, TimeSpan.Zero);

    public static Digest DigestOf(string text) => new(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    public static SlotRecord Slot(string version, SlotState state = SlotState.Written, uint commits = 0) =>
        new(state, new FirmwareVersion(version, "20260304-050607/" + version), DigestOf(version), 1000 + version.Length, commits,
            MarkOf(version));

    public static BundleMark MarkOf(string text) => BundleMark.Of(Encoding.UTF8.GetBytes(text));

    /// <summary>Slot 0 runs 1.0.0, committed; slot 1 is empty.</summary>
    public static BootRecord Factory { get; } = BootTransitions.Factory(Slot("1.0.0"));

    /// <summary>1.1.0 has been installed in slot 1 and starts next.</summary>
    public static BootRecord Armed(int commitTimeoutSeconds = 300, byte attempts = 1) => Factory
        .Invalidate(SlotId.One)
        .Arm(SlotId.One, Slot("1.1.0"), SlotId.Zero, commitTimeoutSeconds, attempts, merge: true);

    /// <summary>1.1.0 has been installed in slot 1, and waits for the gate.</summary>
    public static BootRecord Held { get; } =
        Factory.Invalidate(SlotId.One).Hold(SlotId.One, Slot("1.1.0"), 60, activatesItself: true);

    /// <summary>1.1.0 runs in slot 1, with 1.0.0 in slot 0 to go back to.</summary>
    public static BootRecord Trial(int commitTimeoutSeconds = 300) => Armed(commitTimeoutSeconds).StartTrial(KernelBoot);

    /// <summary>1.1.0 runs in slot 1, committed; 1.0.0 is kept in slot 0.</summary>
    public static BootRecord Committed { get; } = Trial().Commit();

    public static BootOutcome Outcome(OutcomeCode code, long number = 0, string detail = "") =>
        new(code, SlotId.One, "1.1.0", number, TimeSpan.FromSeconds(2.1), At, detail);

    /// <summary>Every field set to something of its own, so that a swap of two shows.</summary>
    public static BootRecord Golden { get; } = new()
    {
        Sequence = 0x0102030405060708,
        Active = SlotId.One,
        Fallback = SlotId.Zero,
        Committed = false,
        Slot0 = new SlotRecord(SlotState.Committed, new FirmwareVersion("1.0.0", "build-a"), DigestOf("a"), 0x1122334455, 7),
        Slot1 = new SlotRecord(SlotState.Trial, new FirmwareVersion("1.1.0-ä", "build-b"), DigestOf("b"), 0x5544332211, 0),
        CommitTimeoutSeconds = 604800,
        TrialAttempts = 3,
        MergeAttempts = 2,
        MergePending = true,
        TrialBootId = KernelBoot,
        LastOutcome = Outcome(OutcomeCode.Signaled, 11, "core dumped") with { SettingsLost = true },
    };

    /// <summary>As <see cref="Golden"/>, with what was added to format 1 later.</summary>
    public static BootRecord GoldenWithFailures { get; } = Golden with
    {
        Slot0 = Golden.Slot0 with { Bundle = MarkOf("a") },
        Slot1 = Golden.Slot1 with { Bundle = MarkOf("b") },
        TrialStarts = 5,
        LastOutcome = Golden.LastOutcome! with { Attempts = 4 },
        Failures = FailedTrials.Of(
        [
            new FailedTrial(MarkOf("c"), 2, OutcomeCode.Exited, 7), new FailedTrial(MarkOf("d"), 1, OutcomeCode.NoCommit),
            new FailedTrial(MarkOf("e"), 255, OutcomeCode.MergeFailed, 255), new FailedTrial(MarkOf("f"), 0, (OutcomeCode)0xF1, 3),
        ]),
    };

    private static readonly Gen<SlotId> GenSlot = Gen.Bool.Select(one => one ? SlotId.One : SlotId.Zero);

    private static readonly Gen<Digest> GenDigest = Gen.Byte.Array[Digest.Length].Select(bytes => new Digest(bytes));

    private static readonly Gen<BundleMark> GenMark = Gen.Byte.Array[BundleMark.Length].Select(bytes => new BundleMark(bytes));

    private static readonly Gen<FailedTrials> GenFailures = Gen.Select(
        GenMark, Gen.Byte[1, 255], Gen.Enum<OutcomeCode>(), Gen.Byte, (mark, count, code, lost) => new FailedTrial(mark, count, code, lost))
        .Array[0, FailedTrials.Most].Select(FailedTrials.Of);

    private static readonly Gen<SlotRecord> GenSlotRecord = Gen.Select(
        Gen.Enum<SlotState>(), Gen.Char.AlphaNumeric.Array[0, 64], Gen.Char.AlphaNumeric.Array[0, 128], GenDigest,
        Gen.Long[0, long.MaxValue], Gen.UInt, GenMark,
        (state, version, build, image, bytes, commits, mark) =>
            new SlotRecord(state, new FirmwareVersion(new string(version), new string(build)), image, bytes, commits, mark));

    private static readonly Gen<BootOutcome> GenOutcome = Gen.Select(
        Gen.Enum<OutcomeCode>().Where(code => code != OutcomeCode.None), GenSlot, Gen.Char.AlphaNumeric.Array[0, 64], Gen.Long,
        Gen.Long[0, int.MaxValue * 1000L], Gen.Long[-62135596800000, 253402300799999],
        Gen.Char.AlphaNumeric.Array[0, BootOutcome.MaxDetailBytes], Gen.Select(Gen.Bool, Gen.Byte),
        (code, slot, version, number, ran, at, detail, rest) => new BootOutcome(
            code, slot, new string(version), number, TimeSpan.FromMilliseconds(ran),
            DateTimeOffset.FromUnixTimeMilliseconds(at), new string(detail), rest.Item1, rest.Item2));

    private static readonly Gen<BootRecord> GenBare = Gen.Select(
        Gen.ULong, GenSlot, Gen.Bool, Gen.Bool, Gen.Bool.Array[2], Gen.Int[0, int.MaxValue], Gen.Byte, Gen.Byte,
        (sequence, active, fallback, committed, flags, timeout, trials, merges) => new BootRecord
        {
            Sequence = sequence,
            Active = active,
            Fallback = fallback ? active.Other : null,
            Committed = committed,
            MergePending = flags[0],
            ActivatesItself = flags[1],
            CommitTimeoutSeconds = timeout,
            TrialAttempts = trials,
            MergeAttempts = merges,
            Slot0 = SlotRecord.Empty,
            Slot1 = SlotRecord.Empty,
        });

    public static Gen<BootRecord> Random { get; } = Gen.Select(
        GenBare, GenSlotRecord, GenSlotRecord, Gen.Guid, GenOutcome.Null(), Gen.Byte, GenFailures,
        (record, slot0, slot1, boot, outcome, starts, failures) => record with
        {
            Slot0 = slot0, Slot1 = slot1, TrialBootId = boot, LastOutcome = outcome, TrialStarts = starts, Failures = failures,
        });
}
