using System.Buffers.Binary;

namespace Meerkat.Fuzz;

/// <summary>Changes that know nothing of a format.</summary>
internal static class ByteMutations
{
    private static readonly int[] Edges =
        [0, 1, -1, 2, 16, 31, 32, 64, 100, 127, 128, 255, 256, 511, 512, 513, 1024, 4096, 32767, 32768, 65535, 65536, int.MaxValue, int.MinValue];

    public static byte[] Mutate(byte[] input, byte[] other, Random chance)
    {
        var bytes = input.ToArray();
        if (bytes.Length == 0)
        {
            return chance.Next(2) == 0 ? other : RandomBytes(chance, chance.Next(1, 64));
        }
        var at = chance.Next(bytes.Length);
        switch (chance.Next(10))
        {
            case 0:
                bytes[at] ^= (byte)(1 << chance.Next(8));
                return bytes;
            case 1:
                bytes[at] = (byte)chance.Next(256);
                return bytes;
            case 2:
                return WriteEdge(bytes, at, chance);
            case 3:
                return bytes[..at];
            case 4:
                return [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + chance.Next(1, 64))..]];
            case 5:
                return [.. bytes[..at], .. RandomBytes(chance, chance.Next(1, 32)), .. bytes[at..]];
            case 6:
                var from = chance.Next(bytes.Length);
                var piece = bytes[from..Math.Min(bytes.Length, from + chance.Next(1, 256))];
                return [.. bytes[..at], .. piece, .. bytes[at..]];
            case 7:
                return other.Length == 0 ? bytes : [.. bytes[..at], .. other[chance.Next(other.Length)..]];
            case 8:
                var value = (byte)chance.Next(256);
                return [.. bytes[..at], .. Enumerable.Repeat(value, chance.Next(1, 600)), .. bytes[at..]];
            default:
                return [.. bytes, .. bytes[at..]];
        }
    }

    public static byte[] RandomBytes(Random chance, int count)
    {
        var bytes = new byte[count];
        chance.NextBytes(bytes);
        return bytes;
    }

    public static T Pick<T>(this Random chance, IReadOnlyList<T> among) => among[chance.Next(among.Count)];

    /// <summary>A number at or near one of those where arithmetic goes wrong.</summary>
    public static int EdgeNumber(this Random chance) => unchecked(chance.Pick(Edges) + chance.Next(-1, 2));

    private static byte[] WriteEdge(byte[] bytes, int at, Random chance)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(number, chance.EdgeNumber());
        if (chance.Next(2) == 0)
        {
            number.Reverse();
        }
        number = number[..(1 << chance.Next(3))];
        number[..Math.Min(number.Length, bytes.Length - at)].CopyTo(bytes.AsSpan(at));
        return bytes;
    }
}
