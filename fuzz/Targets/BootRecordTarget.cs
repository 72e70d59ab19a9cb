using System.Buffers.Binary;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Fuzz.Targets;

/// <summary>A copy of the boot record.</summary>
internal sealed class BootRecordTarget : Target
{
    private const int ChecksumBytes = sizeof(uint);

    /// <summary>Where fields begin, as <c>docs/formats/boot-record.md</c> has them.</summary>
    private static readonly int[] Fields =
        [0, 8, 10, 12, 16, 24, 25, 26, 27, 28, 32, 48, 52, 56, 72, 136, 201, 352, 356, 360, 376, 440, 505, 656, 658, 659, 664, 672, 680, 688, 753, 1016];

    public override string Name => "boot-record";

    public override MemoryBound Memory => new(64 << 10, 4);

    public override byte[] Generate(Random chance)
    {
        var active = chance.Next(2) == 0 ? SlotId.Zero : SlotId.One;
        return BootRecordCodec.Encode(new BootRecord
        {
            Sequence = (ulong)chance.NextInt64(),
            Active = active,
            Fallback = chance.Next(2) == 0 ? active.Other : null,
            Committed = chance.Next(2) == 0,
            MergePending = chance.Next(2) == 0,
            ActivatesItself = chance.Next(2) == 0,
            TrialAttempts = (byte)chance.Next(256),
            MergeAttempts = (byte)chance.Next(256),
            CommitTimeoutSeconds = chance.Next(),
            TrialBootId = new Guid(ByteMutations.RandomBytes(chance, 16)),
            Slot0 = Slot(chance),
            Slot1 = Slot(chance),
            LastOutcome = chance.Next(2) == 0 ? null : new BootOutcome(
                (OutcomeCode)chance.Next(1, 20), active.Other, Text(chance, 64), chance.NextInt64(), TimeSpan.FromMilliseconds(chance.Next()),
                DateTimeOffset.FromUnixTimeSeconds(chance.Next()), Text(chance, BootOutcome.MaxDetailBytes), chance.Next(2) == 0),
        });
    }

    public override byte[] Mutate(byte[] input, byte[] other, Random chance)
    {
        var changed = input.ToArray();
        switch (chance.Next(6))
        {
            case 0:
                return ByteMutations.Mutate(input, other, chance);
            case 1:
                // A newer format: longer, its length and checksum in their places.
                Array.Resize(ref changed, BootRecordCodec.Length + chance.Next(64));
                BinaryPrimitives.WriteUInt16LittleEndian(changed.AsSpan(8), (ushort)chance.Next(4));
                BinaryPrimitives.WriteUInt16LittleEndian(changed.AsSpan(10), (ushort)changed.Length);
                break;
            case 2 when other.Length == changed.Length:
                var from = chance.Pick(Fields);
                other.AsSpan(Math.Min(from, other.Length)).CopyTo(changed.AsSpan(Math.Min(from, changed.Length)));
                break;
            default:
                var at = chance.Pick(Fields);
                if (at + sizeof(long) <= changed.Length)
                {
                    BinaryPrimitives.WriteInt64LittleEndian(changed.AsSpan(at), chance.Next(2) == 0 ? chance.EdgeNumber() : chance.NextInt64());
                }
                break;
        }
        if (changed.Length >= 12)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(changed.AsSpan(10));
            if (length > ChecksumBytes && length <= changed.Length)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(
                    changed.AsSpan(length - ChecksumBytes), Crc32C.Of(changed.AsSpan(0, length - ChecksumBytes)));
            }
        }
        return changed;
    }

    public override object? Parse(byte[] input) => BootRecordCodec.Decode(input);

    public override bool Accepted(object? parsed) => parsed is BootRecordCopy.Valid;

    public override void Examine(byte[] input, object? parsed)
    {
        switch ((BootRecordCopy)parsed!)
        {
            case BootRecordCopy.Unusable unusable:
                FindingException.Unless(unusable.Text.Length is > 0 and < 500, "a refusal without words, or with too many");
                // One copy that cannot be read must never take the other one with it.
                var good = (BootRecordCopy.Valid)BootRecordCodec.Decode(Generate(new Random(0)));
                FindingException.Unless(
                    unusable.Problem == BootRecordProblem.NewerFormat
                    || BootRecordChoice.Of(unusable, good) is BootRecordChoice.Chosen { Record: var chosen } && chosen == good.Record,
                    "a bad copy keeps the good one from being chosen");
                break;
            case BootRecordCopy.Valid(var record):
                var bytes = BootRecordCodec.Encode(record);
                FindingException.Unless(
                    BootRecordCodec.Decode(bytes) is BootRecordCopy.Valid(var again) && BootRecordCodec.Encode(again).AsSpan().SequenceEqual(bytes),
                    "a record that was read cannot be written so that it is read again");
                _ = record.LastOutcome?.Text + record.LastOutcome?.Name;
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private static SlotRecord Slot(Random chance) => new(
        (SlotState)chance.Next(5), new FirmwareVersion(Text(chance, 64), Text(chance, 128)), new Digest(ByteMutations.RandomBytes(chance, Digest.Length)),
        chance.NextInt64(), (uint)chance.Next());

    private static string Text(Random chance, int most) => new(chance.Pick(['a', '\u00e4', '\u20ac']), chance.Next(most + 10));
}
