using System.Buffers.Binary;
using CsCheck;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Core.Tests.Boot;

public sealed class BootRecordCodecTests
{
    private static readonly string GoldenFailuresPath = Path.Combine(GeneratedDoc.Root, "testdata/boot/record-v1-failures.bin");
    private static readonly string GoldenPath = Path.Combine(GeneratedDoc.Root, "testdata/boot/record-v1.bin");

    [Fact]
    public void AnyRecord_ReadsAsItWasWritten() => Records.Random.Sample(
        record => Decode(BootRecordCodec.Encode(record)) is BootRecordCopy.Valid valid && valid.Record == record, iter: 2000);

    [Fact]
    public void GoldenFile_ReadsAsTheRecordItWasMadeOf() =>
        Assert.Equal(new BootRecordCopy.Valid(Records.Golden), Decode(File.ReadAllBytes(GoldenPath)));

    [Fact]
    public void GoldenRecord_IsWrittenAsTheFrozenBytes() =>
        Assert.Equal(File.ReadAllBytes(GoldenPath), BootRecordCodec.Encode(Records.Golden));

    [Fact]
    public void GoldenFileWithFailures_ReadsAsTheRecordItWasMadeOf() =>
        Assert.Equal(new BootRecordCopy.Valid(Records.GoldenWithFailures), Decode(File.ReadAllBytes(GoldenFailuresPath)));

    [Fact]
    public void GoldenRecordWithFailures_IsWrittenAsTheFrozenBytes() =>
        Assert.Equal(File.ReadAllBytes(GoldenFailuresPath), BootRecordCodec.Encode(Records.GoldenWithFailures));

    /// <summary>A program that does not know what was added later reads all the rest, and never touches what is at the old places.</summary>
    [Fact]
    public void WhatWasAddedLater_LiesWhereFormat1HadNothing()
    {
        var (old, later) = (BootRecordCodec.Encode(Records.Golden), BootRecordCodec.Encode(Records.GoldenWithFailures));
        Assert.All(Differences(old, later[..^4]), offset => Assert.True(old[offset] == 0, $"byte {offset} was in use"));
    }

    [Fact]
    public void FailuresWithUnknownCodes_AreRead()
    {
        var bytes = BootRecordCodec.Encode(Records.Golden);
        bytes.AsSpan(954, 66).Fill(0xFF);
        var read = Assert.IsType<BootRecordCopy.Valid>(Decode(Sealed(bytes))).Record;
        Assert.Equal((255, FailedTrials.Most), (read.TrialStarts, read.Failures.Entries.Length));
    }

    [Fact]
    public void AnyByteChanged_IsRefused()
    {
        var good = BootRecordCodec.Encode(Records.Golden);
        for (var index = 0; index < good.Length; index++)
        {
            for (var change = 1; change < 256; change++)
            {
                var spoiled = good.ToArray();
                spoiled[index] ^= (byte)change;
                Assert.True(Decode(spoiled) is BootRecordCopy.Unusable, $"byte {index} changed by {change:x2} is accepted");
            }
        }
    }

    [Fact]
    public void AnyTruncation_IsRefused()
    {
        var good = BootRecordCodec.Encode(Records.Golden);
        for (var length = 0; length < good.Length; length++)
        {
            Assert.Equal(
                length == 0 ? BootRecordProblem.Missing : BootRecordProblem.WrongLength,
                Assert.IsType<BootRecordCopy.Unusable>(Decode(good.AsSpan(0, length))).Problem);
        }
    }

    [Fact]
    public void TornAtAnyByte_IsTheOldOneOrTheNewOneOrNone() => Gen.Select(Records.Random, Records.Random).Sample(
        (old, next) => AssertTornIsHarmless(BootRecordCodec.Encode(old), BootRecordCodec.Encode(next)), iter: 20);

    [Fact]
    public void TornBetweenNeighbours_IsTheOldOneOrTheNewOneOrNone()
    {
        BootRecord[] life =
        [
            Records.Factory, Records.Factory.Invalidate(SlotId.One), Records.Armed(), Records.Armed().CountMergeAttempt(),
            Records.Trial(), Records.Committed, Records.Trial().FallBack(Records.Outcome(OutcomeCode.NoCommit, 300)),
        ];
        foreach (var (old, next) in life.Zip(life.Skip(1)))
        {
            AssertTornIsHarmless(BootRecordCodec.Encode(old), BootRecordCodec.Encode(next));
        }
    }

    [Fact]
    public void NewerFormat_IsRefusedByName()
    {
        var bytes = BootRecordCodec.Encode(Records.Golden);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), BootRecordCodec.Format + 1);
        var refused = Assert.IsType<BootRecordCopy.Unusable>(Decode(Sealed(bytes)));
        Assert.Equal(BootRecordProblem.NewerFormat, refused.Problem);
        Assert.Equal("the record has format 2, this program knows up to 1: start a newer meerkat-boot", refused.Text);
    }

    [Fact]
    public void LongerNewerFormat_IsRefusedByName()
    {
        var bytes = new byte[2 * BootRecordCodec.Length];
        BootRecordCodec.Encode(Records.Golden).CopyTo(bytes, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), 7);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10), (ushort)bytes.Length);
        Assert.Equal(BootRecordProblem.NewerFormat, Assert.IsType<BootRecordCopy.Unusable>(Decode(Sealed(bytes))).Problem);
    }

    [Fact]
    public void NewerFormatTorn_IsOnlyDamaged()
    {
        var bytes = BootRecordCodec.Encode(Records.Golden);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), BootRecordCodec.Format + 1);
        Assert.Equal(BootRecordProblem.WrongChecksum, Assert.IsType<BootRecordCopy.Unusable>(Decode(bytes)).Problem);
    }

    public static TheoryData<string, int, byte> WrongFields => new()
    {
        { "format 0", 8, 0 },
        { "active slot 2", 24, 2 },
        { "fallback slot 2", 25, 2 },
        { "fallback is the active slot", 25, 1 },
        { "negative commit timeout", 31, 0x80 },
        { "state of slot 0", 48, 5 },
        { "negative length of image 0", 63, 0x80 },
        { "version of slot 0 longer than its place", 48 + 88, 65 },
        { "build id of slot 1 longer than its place", 352 + 153, 129 },
        { "slot of the outcome", 656 + 2, 2 },
        { "negative time run", 656 + 23, 0x80 },
        { "time after the year 9999", 656 + 31, 0x7f },
        { "detail longer than its place", 656 + 97, 201 },
    };

    [Theory]
    [MemberData(nameof(WrongFields))]
    public void FieldOutOfRange_IsRefused(string field, int offset, byte value)
    {
        var bytes = BootRecordCodec.Encode(Records.Golden);
        bytes[offset] = value;
        var refused = Decode(Sealed(bytes));
        Assert.True(refused is BootRecordCopy.Unusable { Problem: BootRecordProblem.WrongField }, $"{field}: {refused}");
    }

    [Fact]
    public void TextsThatAreTooLong_AreCutAtACharacter()
    {
        var record = Records.Golden with
        {
            Slot0 = Records.Golden.Slot0 with { Version = new FirmwareVersion(new string('ä', 40), new string('€', 60)) },
            LastOutcome = Records.Outcome(OutcomeCode.MergeFailed, 3, "x" + string.Concat(Enumerable.Repeat("😀", 60))),
        };
        var read = Assert.IsType<BootRecordCopy.Valid>(Decode(BootRecordCodec.Encode(record))).Record;
        Assert.Equal(new FirmwareVersion(new string('ä', 32), new string('€', 42)), read.Slot0.Version);
        Assert.Equal("x" + string.Concat(Enumerable.Repeat("😀", 49)), read.LastOutcome!.Detail);
    }

    [Fact]
    public void AnyRunTime_IsWrittenSoThatItReads() => Gen.Long.Sample(ticks =>
        Decode(BootRecordCodec.Encode(Records.Golden with
        {
            LastOutcome = Records.Outcome(OutcomeCode.Exited) with { RanFor = TimeSpan.FromTicks(ticks) },
        })) is BootRecordCopy.Valid);

    [Fact]
    public void NameWithBytesThatAreNoText_IsWrittenSoThatItReads() => Assert.IsType<BootRecordCopy.Valid>(
        Decode(BootRecordCodec.Encode(Records.Golden with
        {
            LastOutcome = Records.Outcome(OutcomeCode.MergeFailed, 1, "cannot open slots/0/fs/\uDCFF: No space"),
        })));

    /// <summary>The offsets in the document, each with a record that differs from another in this field alone.</summary>
    [Fact]
    public void Document_HasTheOffsetsOfTheCodec()
    {
        var a = Records.GoldenWithFailures;
        var slot = a.Slot0;
        var outcome = a.LastOutcome!;
        var failed = a.Failures.Entries[0];
        (string Field, int Offset, int Length, BootRecord Changed)[] fields =
        [
            ("flags: bit 0 committed, bit 1 merge pending, bit 2 the held update activates itself", 12, 4,
                a with { Committed = true, MergePending = false, ActivatesItself = true }),
            ("sequence, unsigned", 16, 8, a with { Sequence = ~a.Sequence }),
            ("active slot, 0 or 1", 24, 1, a with { Active = SlotId.Zero }),
            ("fallback slot; 0xFF: none", 25, 1, a with { Fallback = null }),
            ("trial attempts left", 26, 1, a with { TrialAttempts = 250 }),
            ("merge attempts left", 27, 1, a with { MergeAttempts = 250 }),
            ("commit timeout in seconds, 0 to 604800", 28, 4, a with { CommitTimeoutSeconds = 0x7e7d7c7b }),
            ("kernel boot id of the trial's start, GUID", 32, 16, a with { TrialBootId = Flipped(a.TrialBootId) }),
            ("slot 0: state", 48, 1, With(slot with { State = SlotState.Failed })),
            ("slot 0: commit count", 52, 4, With(slot with { CommitCount = 0xfefdfcfb })),
            ("slot 0: length of the image", 56, 8, With(slot with { ImageBytes = 0x7e6d5c4b3a291807 })),
            ("slot 0: SHA-256 of the image", 72, 32, With(slot with { Image = new Digest(Flipped(slot.Image)) })),
            ("slot 0: mark of the bundle, the first bytes of the SHA-256 of its manifest; all 0: not known", 104, 13,
                With(slot with { Bundle = Flipped(slot.Bundle) })),
            ("slot 0: version, text", 136, 65, With(slot with { Version = slot.Version with { Version = new string('x', 64) } })),
            ("slot 0: build id, text", 201, 129, With(slot with { Version = slot.Version with { BuildId = new string('x', 128) } })),
            ("slot 1, as slot 0", 352, 304, a with { Slot1 = slot }),
            ("outcome: code; 0: there is none", 656, 2, Out(outcome with { Code = (OutcomeCode)0xfefd })),
            ("outcome: slot", 658, 1, Out(outcome with { Slot = SlotId.Zero })),
            ("outcome: flags, bit 0 settings lost", 659, 1, Out(outcome with { SettingsLost = false })),
            ("outcome: how often the trial had been started", 660, 1, Out(outcome with { Attempts = 250 })),
            ("outcome: number", 664, 8, Out(outcome with { Number = ~outcome.Number })),
            ("outcome: how long the firmware ran, in ms", 672, 8, Out(outcome with { RanFor = TimeSpan.FromMilliseconds(0x1f2e3d4c5bL) })),
            ("outcome: when, in ms since 1970", 680, 8, Out(outcome with { At = DateTimeOffset.MinValue })),
            ("outcome: version, text", 688, 65, Out(outcome with { Version = new string('x', 64) })),
            ("outcome: detail, text", 753, 201, Out(outcome with { Detail = new string('x', 200) })),
            ("how often the trial was started", 954, 1, a with { TrialStarts = 250 }),
            ("failed bundle 0 (the latest): its mark", 956, 13, Failed(failed with { Bundle = Flipped(failed.Bundle) })),
            ("failed bundle 0: how often it failed", 969, 1, Failed(failed with { Count = 250 })),
            ("failed bundle 0: how many trials more ended with the power; both 0: no entry, nor any after it", 970, 1,
                Failed(failed with { PowerLosses = 250 })),
            ("failed bundle 0: code of its last failure", 971, 1, Failed(failed with { Last = (OutcomeCode)0xfd })),
            ("failed bundles 1 to 3, as 0", 972, 48,
                a with { Failures = FailedTrials.Of([failed, .. a.Failures.Entries.Skip(1).Select(each => each with { Bundle = Flipped(each.Bundle) })]) }),
        ];
        foreach (var (field, offset, length, changed) in fields)
        {
            var differ = Differences(BootRecordCodec.Encode(a), BootRecordCodec.Encode(changed)[..^4]);
            Assert.True(
                differ.Min() >= offset && differ.Max() < offset + length,
                $"{field}: expected a change within {offset}..{offset + length - 1}, found {differ.Min()}..{differ.Max()}");
        }
        Assert.Equal(fields, fields.OrderBy(field => field.Offset));
        (string Field, int Offset, int Length)[] rows =
        [
            ("magic `MKBOOT` CR LF", 0, 8), ("format, 1", 8, 2), ("length of the record, 1024", 10, 2),
            .. fields.Select(field => (field.Field, field.Offset, field.Length)),
            ("CRC-32C of all bytes before it", 1020, 4),
        ];
        Assert.All(rows.Zip(rows.Skip(1)), pair => Assert.True(pair.First.Offset + pair.First.Length <= pair.Second.Offset));
        GeneratedDoc.Matches("docs/formats/boot-record.md", "offsets", GeneratedDoc.Table(
            ["offset", "length", "field"],
            rows.Select(row => new[] { $"{row.Offset}", $"{row.Length}", row.Field })));

        BootRecord With(SlotRecord other) => a with { Slot0 = other };
        BootRecord Failed(FailedTrial other) => a with { Failures = FailedTrials.Of([other, .. a.Failures.Entries.Skip(1)]) };
        BootRecord Out(BootOutcome other) => a with { LastOutcome = other };
    }

    private static BootRecordCopy Decode(ReadOnlySpan<byte> bytes) => BootRecordCodec.Decode(bytes);

    private static void AssertTornIsHarmless(byte[] old, byte[] next)
    {
        var (first, second) = (Decode(old), Decode(next));
        for (var cut = 0; cut <= next.Length; cut++)
        {
            var torn = Decode([.. next[..cut], .. old[cut..]]);
            Assert.True(
                torn is BootRecordCopy.Unusable || torn == first || torn == second, $"torn at byte {cut} it reads as a third record");
        }
    }

    /// <summary>With the checksum made right again, to reach what is behind it.</summary>
    private static byte[] Sealed(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes.AsSpan(0, bytes.Length - 4))
        {
            crc = System.Numerics.BitOperations.Crc32C(crc, value);
        }
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - 4), ~crc);
        return bytes;
    }

    private static List<int> Differences(byte[] left, byte[] right) =>
        [.. Enumerable.Range(0, right.Length).Where(index => left[index] != right[index])];

    private static Guid Flipped(Guid id) => new([.. id.ToByteArray().Select(value => (byte)(value ^ 0xFF))]);

    private static BundleMark Flipped(BundleMark mark)
    {
        var bytes = new byte[BundleMark.Length];
        mark.CopyTo(bytes);
        return new([.. bytes.Select(value => (byte)(value ^ 0xFF))]);
    }

    private static byte[] Flipped(Digest digest)
    {
        var bytes = new byte[Digest.Length];
        digest.CopyTo(bytes);
        return [.. bytes.Select(value => (byte)(value ^ 0xFF))];
    }
}
