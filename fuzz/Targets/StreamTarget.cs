using System.Text;
using Meerkat.Core.Protocol;

namespace Meerkat.Fuzz.Targets;

/// <summary>What comes over TCP and serial lines, pushed in pieces: frames, checksums, quotes, probes and noise.</summary>
internal sealed class StreamTarget : Target
{
    private const int MostFrameBytes = 256;

    private static readonly string[] Words =
    [
        "\n", "\r\n", "\"\"\"", "\"", "{", "}", "\u0004", "{\"id\":1,\"method\":\"OTA.Status\"}e5a6aa51\n", "{\"method\":\"Sys.GetInfo\"}010a4ff9\n",
        "{\"id\":1}00000000\n", "}ffffffff,1,2\n", "\u0080", "\u00ff", " ", "\"\"\"\u0004\"\"\"\n\n", "{\"a\":\"\\\"\"}\n",
    ];

    public override string Name => "stream";

    public override MemoryBound Memory => new(256 << 10, 64);

    public override byte[] Generate(Random chance)
    {
        var stream = new MemoryStream();
        for (var number = chance.Next(1, 6); number > 0; number--)
        {
            var json = Encoding.ASCII.GetBytes($$"""{"id":{{chance.Next()}},"method":"RPC.Ping","tag":"{{new string('t', chance.Next(40))}}"}""");
            stream.Write(StreamFrameWriter.Write(json, chance.Next(2) == 0, chance.Next(2) == 0));
        }
        return stream.ToArray();
    }

    public override byte[] Mutate(byte[] input, byte[] other, Random chance)
    {
        if (chance.Next(2) == 0)
        {
            return ByteMutations.Mutate(input, other, chance);
        }
        var at = chance.Next(input.Length + 1);
        return [.. input[..at], .. Encoding.Latin1.GetBytes(chance.Pick(Words)), .. input[at..]];
    }

    public override object? Parse(byte[] input) => Read(input, [0..input.Length]);

    public override bool Accepted(object? parsed) => ((string)parsed!).Contains('J', StringComparison.Ordinal);

    public override void Examine(byte[] input, object? parsed)
    {
        FindingException.Unless(Read(input, Pieces(input, ChanceOf(input))) == (string)parsed!, "other items in pieces");
        // Whatever came, the next frame is found.
        byte[] more = [.. input, .. "\n{\"last\":1}\n"u8];
        FindingException.Unless(
            Read(more, [0..more.Length]).EndsWith("J{\"last\":1} ", StringComparison.Ordinal), "a good frame behind it is not found");
    }

    private static string Read(byte[] input, IEnumerable<Range> pieces)
    {
        var reader = new StreamFrameReader(MostFrameBytes);
        var told = new StringBuilder();
        foreach (var item in pieces.SelectMany(piece => reader.Push(input.AsSpan(piece))))
        {
            told.Append(item switch
            {
                StreamItem.Frame(var utf8) => "J" + Encoding.UTF8.GetString(utf8),
                StreamItem.EmptyLine => "E",
                StreamItem.Probe => "P",
                StreamItem.Dropped(var reason) => "D" + reason,
                _ => throw new System.Diagnostics.UnreachableException(),
            }).Append(' ');
        }
        return told.ToString();
    }
}
