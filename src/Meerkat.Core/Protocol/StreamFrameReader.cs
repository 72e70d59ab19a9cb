using System.Globalization;
using System.IO.Hashing;

namespace Meerkat.Core.Protocol;

/// <summary>
/// Cuts a stream of bytes (TCP, serial line, Unix socket) into frames (specification 7.5). A frame is JSON that ends with LF or with three
/// double quotes; after its last brace eight hex digits of CRC-32 may stand. What is no frame is dropped, and the next one found again.
/// </summary>
/// <param name="maxFrameBytes">The longest frame accepted (<c>rpc.max_frame_size</c>).</param>
public sealed class StreamFrameReader(int maxFrameBytes)
{
    /// <summary>Room for the delimiters around a frame of full length, as in the original.</summary>
    private const int DelimiterBytes = 6;

    private const int ChecksumDigits = 8;
    private const byte EndOfTransmission = 0x04;

    private readonly List<byte> buffer = [];
    private int searched;
    private bool dropping;

    /// <summary>The peer has used quotes: answers have them too. Stays so.</summary>
    public bool SeenQuotes { get; private set; }

    /// <summary>The peer has sent a checksum that holds: answers have one too. Stays so.</summary>
    public bool SeenChecksum { get; private set; }

    /// <summary>Takes what came; the items in the order in which they were completed.</summary>
    public IReadOnlyList<StreamItem> Push(ReadOnlySpan<byte> bytes)
    {
        var items = new List<StreamItem>();
        while (!bytes.IsEmpty)
        {
            var foreign = bytes.IndexOfAnyInRange((byte)0x80, (byte)0xFF);
            Take(foreign < 0 ? bytes : bytes[..foreign], items);
            if (foreign < 0)
            {
                break;
            }
            if (buffer.Count > 0)
            {
                items.Add(new StreamItem.Dropped("a byte over 0x7f: noise on the line"));
                Clear();
            }
            bytes = bytes[(foreign + 1)..];
        }
        return items;
    }

    private void Take(ReadOnlySpan<byte> bytes, List<StreamItem> items)
    {
        while (!bytes.IsEmpty)
        {
            // No more than the longest frame is ever kept, whatever comes at once.
            var some = bytes[..Math.Min(bytes.Length, maxFrameBytes + DelimiterBytes - Math.Min(buffer.Count, maxFrameBytes + DelimiterBytes - 1))];
            buffer.AddRange(some);
            bytes = bytes[some.Length..];
            Cut(items);
            if (buffer.Count >= maxFrameBytes + DelimiterBytes)
            {
                if (!dropping)
                {
                    items.Add(new StreamItem.Dropped(string.Create(
                        CultureInfo.InvariantCulture, $"more than {maxFrameBytes} bytes (rpc.max_frame_size) without the end of a frame")));
                }
                Clear();
                // The rest of the long frame is not the beginning of another one.
                dropping = true;
            }
        }
    }

    private void Clear()
    {
        buffer.Clear();
        searched = 0;
    }

    private void Cut(List<StreamItem> items)
    {
        var all = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(buffer);
        var start = 0;
        var from = Math.Max(0, searched - 2);
        while (all[Math.Max(from, start)..].IndexOfAny((byte)'\n', (byte)'"') is var at and >= 0)
        {
            at += Math.Max(from, start);
            if (all[at] == '\n')
            {
                Complete(all[start..at], items);
                start = at + 1;
            }
            else if (all[at..].StartsWith("\"\"\""u8))
            {
                SeenQuotes = true;
                Complete(all[start..at], items);
                start = at + 3;
            }
            else
            {
                // A quote of the JSON, or the first of three that have not all come.
                from = at + 1;
            }
        }
        buffer.RemoveRange(0, start);
        searched = buffer.Count;
    }

    private void Complete(ReadOnlySpan<byte> text, List<StreamItem> items)
    {
        if (dropping)
        {
            dropping = false;
            return;
        }
        var trimmed = text.Trim(" \t\r\n"u8);
        if (trimmed.IsEmpty)
        {
            items.Add(new StreamItem.EmptyLine());
        }
        else if (trimmed is [EndOfTransmission])
        {
            items.Add(new StreamItem.Probe());
        }
        else
        {
            items.Add(Frame(trimmed));
        }
    }

    private StreamItem Frame(ReadOnlySpan<byte> text)
    {
        var first = text.IndexOf((byte)'{');
        var last = text.LastIndexOf((byte)'}');
        if (first < 0 || last < first)
        {
            return new StreamItem.Dropped("a line without a JSON object");
        }
        var json = text[first..(last + 1)];
        var tail = text[(last + 1)..].Trim(" \t\r"u8);
        if (tail.Length < ChecksumDigits)
        {
            return Accepted(json);
        }
        var sum = Crc32.HashToUInt32(json);
        if (!uint.TryParse(tail[..ChecksumDigits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var told) || told != sum)
        {
            return new StreamItem.Dropped(string.Create(
                CultureInfo.InvariantCulture, $"a frame whose checksum is not {sum:x8}: it was changed on the way"));
        }
        SeenChecksum = true;
        return Accepted(json);
    }

    private StreamItem Accepted(ReadOnlySpan<byte> json) => json.Length > maxFrameBytes
        ? new StreamItem.Dropped(string.Create(
            CultureInfo.InvariantCulture, $"a frame of {json.Length} bytes, at most {maxFrameBytes} are accepted (rpc.max_frame_size)"))
        : new StreamItem.Frame(json.ToArray());
}
