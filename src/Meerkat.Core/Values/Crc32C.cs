using System.Numerics;

namespace Meerkat.Core.Values;

/// <summary>CRC-32C (Castagnoli, RFC 3720 B.4), as the boot record and the seals end with.</summary>
public static class Crc32C
{
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }
        return ~crc;
    }
}
