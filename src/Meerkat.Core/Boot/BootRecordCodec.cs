using System.Buffers.Binary;
using System.Text;
using Meerkat.Core.Values;

namespace Meerkat.Core.Boot;

/// <summary>
/// The stored form of a <see cref="BootRecord"/>: 1024 bytes, little-endian, described in <c>docs/formats/boot-record.md</c>.
/// The last four bytes are the CRC-32C of all before them.
/// </summary>
public static class BootRecordCodec
{
    public const int Length = 1024;
    public const ushort Format = 1;

    private const int SlotOffset = 48;
    private const int SlotLength = 304;
    private const int OutcomeOffset = SlotOffset + 2 * SlotLength;
    private const int TrialStartsOffset = OutcomeOffset + 298;
    private const int FailuresOffset = TrialStartsOffset + 2;
    private const int FailureLength = BundleMark.Length + 3;
    private const int ChecksumOffset = Length - sizeof(uint);
    private const byte NoSlot = 0xFF;
    private const uint CommittedFlag = 1;
    private const uint MergePendingFlag = 2;
    private const uint ActivatesItselfFlag = 4;
    private const byte SettingsLostFlag = 1;
    private const int MaxVersionBytes = 64;
    private const int MaxBuildIdBytes = 128;
    private const long MostRanForMs = int.MaxValue * 1000L;

    private static ReadOnlySpan<byte> Magic => "MKBOOT\r\n"u8;

    public static byte[] Encode(BootRecord record)
    {
        var bytes = new byte[Length];
        var span = bytes.AsSpan();
        Magic.CopyTo(span);
        BinaryPrimitives.WriteUInt16LittleEndian(span[8..], Format);
        BinaryPrimitives.WriteUInt16LittleEndian(span[10..], Length);
        var flags = (record.Committed ? CommittedFlag : 0) | (record.MergePending ? MergePendingFlag : 0)
            | (record.ActivatesItself ? ActivatesItselfFlag : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(span[12..], flags);
        BinaryPrimitives.WriteUInt64LittleEndian(span[16..], record.Sequence);
        span[24] = (byte)record.Active.Number;
        span[25] = record.Fallback is { } fallback ? (byte)fallback.Number : NoSlot;
        span[26] = record.TrialAttempts;
        span[27] = record.MergeAttempts;
        BinaryPrimitives.WriteInt32LittleEndian(span[28..], record.CommitTimeoutSeconds);
        record.TrialBootId.TryWriteBytes(span[32..48]);
        EncodeSlot(record.Slot0, span.Slice(SlotOffset, SlotLength));
        EncodeSlot(record.Slot1, span.Slice(SlotOffset + SlotLength, SlotLength));
        EncodeOutcome(record.LastOutcome, span[OutcomeOffset..TrialStartsOffset]);
        span[TrialStartsOffset] = record.TrialStarts;
        EncodeFailures(record.Failures, span[FailuresOffset..ChecksumOffset]);
        BinaryPrimitives.WriteUInt32LittleEndian(span[ChecksumOffset..], Crc32C.Of(span[..ChecksumOffset]));
        return bytes;
    }

    /// <summary>Reads one copy. The checksum is looked at before the format, so a torn copy is never taken for a newer one.</summary>
    public static BootRecordCopy Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return new BootRecordCopy.Unusable(BootRecordProblem.Missing, "there is no file, or it is empty");
        }
        if (bytes.Length < Length)
        {
            return Unusable(BootRecordProblem.WrongLength, $"expected {Length} bytes, found {bytes.Length}");
        }
        if (!bytes.StartsWith(Magic))
        {
            return Unusable(BootRecordProblem.WrongMagic, $"expected {Hex(Magic)}, found {Hex(bytes[..Magic.Length])}");
        }
        // A newer format may be longer, but keeps its length here and its checksum at its end.
        int length = BinaryPrimitives.ReadUInt16LittleEndian(bytes[10..]);
        if (length < Length || length > bytes.Length)
        {
            return Unusable(BootRecordProblem.WrongLength, $"the length field says {length} of {bytes.Length} bytes");
        }
        var expected = Crc32C.Of(bytes[..(length - sizeof(uint))]);
        var found = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(length - sizeof(uint))..]);
        if (expected != found)
        {
            return Unusable(BootRecordProblem.WrongChecksum, $"expected CRC-32C {expected:x8}, found {found:x8}");
        }
        var format = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]);
        if (format > Format)
        {
            return Unusable(
                BootRecordProblem.NewerFormat,
                $"the record has format {format}, this program knows up to {Format}: start a newer meerkat-boot");
        }
        return format == Format && length == Length
            ? DecodeFields(bytes)
            : Unusable(BootRecordProblem.WrongField, $"format {format} with {length} bytes was never written");
    }

    private static BootRecordCopy DecodeFields(ReadOnlySpan<byte> bytes)
    {
        var active = bytes[24];
        var fallback = bytes[25];
        var timeout = BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]);
        var slot0 = DecodeSlot(bytes.Slice(SlotOffset, SlotLength));
        var slot1 = DecodeSlot(bytes.Slice(SlotOffset + SlotLength, SlotLength));
        var outcomeFits = DecodeOutcome(bytes[OutcomeOffset..TrialStartsOffset], out var outcome);
        if (active > 1 || (fallback > 1 && fallback != NoSlot) || fallback == active || timeout < 0
            || slot0 is null || slot1 is null || !outcomeFits)
        {
            return Unusable(
                BootRecordProblem.WrongField,
                $"a field is out of range: active {active}, fallback {fallback}, commit timeout {timeout}");
        }
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        return new BootRecordCopy.Valid(new BootRecord
        {
            Sequence = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            Active = new SlotId(active),
            Fallback = fallback == NoSlot ? null : new SlotId(fallback),
            Committed = (flags & CommittedFlag) != 0,
            MergePending = (flags & MergePendingFlag) != 0,
            ActivatesItself = (flags & ActivatesItselfFlag) != 0,
            TrialAttempts = bytes[26],
            MergeAttempts = bytes[27],
            CommitTimeoutSeconds = timeout,
            TrialBootId = new Guid(bytes[32..48]),
            Slot0 = slot0,
            Slot1 = slot1,
            LastOutcome = outcome,
            TrialStarts = bytes[TrialStartsOffset],
            Failures = DecodeFailures(bytes[FailuresOffset..ChecksumOffset]),
        });
    }

    private static void EncodeSlot(SlotRecord slot, Span<byte> span)
    {
        span[0] = (byte)slot.State;
        BinaryPrimitives.WriteUInt32LittleEndian(span[4..], slot.CommitCount);
        BinaryPrimitives.WriteInt64LittleEndian(span[8..], slot.ImageBytes);
        slot.Image.CopyTo(span[24..]);
        slot.Bundle.CopyTo(span[56..]);
        EncodeText(slot.Version.Version, span.Slice(88, 1 + MaxVersionBytes));
        EncodeText(slot.Version.BuildId, span.Slice(153, 1 + MaxBuildIdBytes));
    }

    private static SlotRecord? DecodeSlot(ReadOnlySpan<byte> span)
    {
        var state = (SlotState)span[0];
        var imageBytes = BinaryPrimitives.ReadInt64LittleEndian(span[8..]);
        var version = DecodeText(span.Slice(88, 1 + MaxVersionBytes));
        var buildId = DecodeText(span.Slice(153, 1 + MaxBuildIdBytes));
        if (state > SlotState.Failed || imageBytes < 0 || version is null || buildId is null)
        {
            return null;
        }
        return new SlotRecord(
            state,
            new FirmwareVersion(version, buildId),
            new Digest(span.Slice(24, Digest.Length)),
            imageBytes,
            BinaryPrimitives.ReadUInt32LittleEndian(span[4..]),
            new BundleMark(span.Slice(56, BundleMark.Length)));
    }

    private static void EncodeOutcome(BootOutcome? outcome, Span<byte> span)
    {
        if (outcome is null)
        {
            return;
        }
        BinaryPrimitives.WriteUInt16LittleEndian(span, (ushort)outcome.Code);
        span[2] = (byte)outcome.Slot.Number;
        span[3] = outcome.SettingsLost ? SettingsLostFlag : (byte)0;
        span[4] = outcome.Attempts;
        BinaryPrimitives.WriteInt64LittleEndian(span[8..], outcome.Number);
        // Whatever is written must be readable again, or the device would lose its record to a wrong number.
        var ranForMs = Math.Clamp((long)outcome.RanFor.TotalMilliseconds, 0, MostRanForMs);
        BinaryPrimitives.WriteInt64LittleEndian(span[16..], ranForMs);
        BinaryPrimitives.WriteInt64LittleEndian(span[24..], outcome.At.ToUnixTimeMilliseconds());
        EncodeText(outcome.Version, span.Slice(32, 1 + MaxVersionBytes));
        EncodeText(outcome.Detail, span.Slice(97, 1 + BootOutcome.MaxDetailBytes));
    }

    private static bool DecodeOutcome(ReadOnlySpan<byte> span, out BootOutcome? outcome)
    {
        outcome = null;
        var code = (OutcomeCode)BinaryPrimitives.ReadUInt16LittleEndian(span);
        if (code == OutcomeCode.None)
        {
            return true;
        }
        var version = DecodeText(span.Slice(32, 1 + MaxVersionBytes));
        var detail = DecodeText(span.Slice(97, 1 + BootOutcome.MaxDetailBytes));
        var milliseconds = BinaryPrimitives.ReadInt64LittleEndian(span[24..]);
        var ranForMs = BinaryPrimitives.ReadInt64LittleEndian(span[16..]);
        if (span[2] > 1 || version is null || detail is null
            || milliseconds < DateTimeOffset.MinValue.ToUnixTimeMilliseconds()
            || milliseconds > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            || ranForMs is < 0 or > MostRanForMs)
        {
            return false;
        }
        outcome = new BootOutcome(
            code,
            new SlotId(span[2]),
            version,
            BinaryPrimitives.ReadInt64LittleEndian(span[8..]),
            TimeSpan.FromMilliseconds(ranForMs),
            DateTimeOffset.FromUnixTimeMilliseconds(milliseconds),
            detail,
            (span[3] & SettingsLostFlag) != 0,
            span[4]);
        return true;
    }

    private static void EncodeFailures(FailedTrials failures, Span<byte> span)
    {
        foreach (var entry in failures.Entries)
        {
            entry.Bundle.CopyTo(span);
            span[BundleMark.Length] = entry.Count;
            span[BundleMark.Length + 1] = entry.PowerLosses;
            span[BundleMark.Length + 2] = (byte)Math.Min((int)entry.Last, byte.MaxValue);
            span = span[FailureLength..];
        }
    }

    /// <summary>Whatever stands there can be read: a record is not lost for what it holds against a bundle.</summary>
    private static FailedTrials DecodeFailures(ReadOnlySpan<byte> span)
    {
        var entries = new List<FailedTrial>();
        for (; span.Length >= FailureLength; span = span[FailureLength..])
        {
            var entry = new FailedTrial(
                new BundleMark(span[..BundleMark.Length]),
                span[BundleMark.Length],
                (OutcomeCode)span[BundleMark.Length + 2],
                span[BundleMark.Length + 1]);
            if (entry is { Count: 0, PowerLosses: 0 })
            {
                break;
            }
            entries.Add(entry);
        }
        return FailedTrials.Of(entries);
    }

    /// <summary>A length byte, then UTF-8; cut at a character's border when it does not fit.</summary>
    private static void EncodeText(string text, Span<byte> span)
    {
        Encoding.UTF8.GetEncoder().Convert(text, span[1..], flush: true, out _, out var used, out _);
        span[0] = (byte)used;
    }

    private static string? DecodeText(ReadOnlySpan<byte> span) =>
        span[0] < span.Length ? Encoding.UTF8.GetString(span.Slice(1, span[0])) : null;

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    private static BootRecordCopy.Unusable Unusable(BootRecordProblem problem, FormattableString text) =>
        new(problem, FormattableString.Invariant(text));
}
