using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace Meerkat.Tool.Doctor;

/// <summary>What listens on this machine, as <c>/proc/net/tcp</c> and <c>/proc/net/tcp6</c> have it.</summary>
internal static class ListeningSockets
{
    private const string Listening = "0A";
    private const int WordDigits = 8;

    /// <summary>Reads one of the two tables; a line that is not understood is left out.</summary>
    public static IEnumerable<IPEndPoint> Parse(IEnumerable<string> table)
    {
        foreach (var line in table.Skip(1))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields is [_, var local, _, Listening, ..] && local.Split(':') is [var address, var port]
                && ushort.TryParse(port, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var number)
                && Address(address) is { } parsed)
            {
                yield return new IPEndPoint(parsed, number);
            }
        }
    }

    /// <summary>The kernel prints addresses as words of its own byte order, which is little-endian on all that .NET runs on here.</summary>
    private static IPAddress? Address(string text)
    {
        if (text.Length is not (WordDigits or 4 * WordDigits))
        {
            return null;
        }
        var bytes = new byte[text.Length / 2];
        for (var at = 0; at < text.Length; at += WordDigits)
        {
            if (!uint.TryParse(text.AsSpan(at, WordDigits), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var word))
            {
                return null;
            }
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at / 2), word);
        }
        var address = new IPAddress(bytes);
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }
}
