using System.Globalization;
using System.Text;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Fuzz.Targets;

/// <summary>The seal of a slot: a line of JSON and its checksum.</summary>
internal sealed class SealTarget : Target
{
    private static readonly JsonMutations Json =
        new("format", "name", "platform", "version", "build_id", "image_sha256", "image_size", "commit_count", "linux-x64");

    public override string Name => "seal";

    public override MemoryBound Memory => new(128 << 10, 64);

    public override byte[] Generate(Random chance) => SealCodec.Encode(new Seal(
        chance.Pick(["", "thermostat", "\u00e4\"\n"]), "linux-x64", new FirmwareVersion($"1.{chance.Next(9)}", "b"),
        new Digest(ByteMutations.RandomBytes(chance, Digest.Length)), chance.NextInt64(), (uint)chance.Next()));

    public override byte[] Mutate(byte[] input, byte[] other, Random chance)
    {
        if (chance.Next(5) == 0)
        {
            return ByteMutations.Mutate(input, other, chance);
        }
        var line = Json.Mutate(Line(input), Line(other), chance);
        // A line break would end it early.
        byte[] whole = [.. line.Where(value => value != '\n'), (byte)'\n'];
        return [.. whole, .. Encoding.ASCII.GetBytes(Crc32C.Of(whole).ToString("x8", CultureInfo.InvariantCulture) + "\n")];
    }

    public override object? Parse(byte[] input) => SealCodec.Decode(input);

    public override bool Accepted(object? parsed) => parsed is not null;

    public override void Examine(byte[] input, object? parsed) => FindingException.Unless(
        parsed is not Seal seal || SealCodec.Decode(SealCodec.Encode(seal)) == seal, "a seal that is another when written again");

    private static byte[] Line(byte[] seal)
    {
        var end = seal.AsSpan().IndexOf((byte)'\n');
        return end < 0 ? seal : seal[..end];
    }
}
