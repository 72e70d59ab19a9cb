using System.Text;
using CsCheck;
using Meerkat.Core.Protocol;

namespace Meerkat.Core.Tests.Protocol;

/// <summary>Frames on TCP and serial lines, specification 7.5; the checksums are those of its appendix A.4.</summary>
public sealed class StreamFrameTests
{
    private const int Most = 64;
    private const string Info = """{"method":"Sys.GetInfo"}""";
    private const string Status = """{"id":1,"method":"OTA.Status"}""";

    /// <summary>What comes, and what is found in it: J frame, E empty line, P probe, D dropped.</summary>
    public static TheoryData<string, string> Streams => new()
    {
        { Info + "\n", "J" + Info },
        { "\n\"\"\"" + Info + "\"\"\"\n", "E E J" + Info + " E" },
        { Info + "010a4ff9\n", "J" + Info },
        { Status + "E5A6AA51\n", "J" + Status },
        { Status + "e5a6aa51,0,more\r\n", "J" + Status },
        { Status + "e5a6aa50\n" + Info + "\n", "D J" + Info },
        { Status + "zzzzzzzz\n", "D" },
        { Status + "123\n", "J" + Status },
        { "noise " + Info + "\n", "J" + Info },
        { "}noise\n" + Info + "\n", "D J" + Info },
        { "a\u0080b" + Info + "\n", "D J" + Info },
        { "\u00ff" + Info + "\n", "J" + Info },
        { "{\"a\":\"\u00e9\"}\n" + Info + "\n", "D D J" + Info },
        { "\n\r\n \t\n", "E E E" },
        { "\u0004\n", "P" },
        { "\"\"\"\u0004\"\"\"\n\n", "E P E E" },
        { new string('x', 200) + "\n" + Info + "\n", "D J" + Info },
        { "{" + new string(' ', Most - 2) + "}\n", "J{" + new string(' ', Most - 2) + "}" },
        { "{" + new string(' ', Most - 1) + "}\n" + Info + "\n", "D J" + Info },
        { """{"a":"\"","b":""}""" + "\n", """J{"a":"\"","b":""}""" },
        { Info, "" },
    };

    [Theory]
    [MemberData(nameof(Streams))]
    public void Stream_IsCutIntoFrames_HoweverItComes(string stream, string expected)
    {
        var bytes = Encoding.Latin1.GetBytes(stream);

        Assert.Equal(expected, Read(bytes, bytes.Length));
        for (var piece = 1; piece < 8; piece++)
        {
            Assert.Equal(expected, Read(bytes, piece));
        }
    }

    [Fact]
    public void QuotesAndChecksums_AreRememberedOnceTheyWereUsed()
    {
        var reader = new StreamFrameReader(Most);
        reader.Push(Encoding.ASCII.GetBytes(Info + "\n"));
        Assert.Equal((false, false), (reader.SeenQuotes, reader.SeenChecksum));
        reader.Push(Encoding.ASCII.GetBytes(Info + "00000000\n"));
        Assert.False(reader.SeenChecksum);
        reader.Push(Encoding.ASCII.GetBytes(Info + "010a4ff9\"\"\""));
        Assert.Equal((true, true), (reader.SeenQuotes, reader.SeenChecksum));
    }

    [Theory]
    [InlineData(Info, false, false, "\n" + Info + "\n")]
    [InlineData(Info, true, false, "\n\"\"\"" + Info + "\"\"\"\n")]
    [InlineData(Info, true, true, "\n\"\"\"" + Info + "010a4ff9\"\"\"\n")]
    [InlineData(Status, false, true, "\n" + Status + "e5a6aa51\n")]
    [InlineData("""{"a":"é😀"}""", false, false, "\n{\"a\":\"\\u00e9\\ud83d\\ude00\"}\n")]
    public void Frame_IsWrittenAsTheOriginalWritesIt(string json, bool quotes, bool checksum, string expected) =>
        Assert.Equal(expected, Encoding.Latin1.GetString(StreamFrameWriter.Write(Encoding.UTF8.GetBytes(json), quotes, checksum)));

    [Fact]
    public void WhatIsWritten_IsReadBack() => Gen.Select(Gen.String, Gen.Bool, Gen.Bool, Gen.Int[1, 20]).Sample((text, quotes, checksum, piece) =>
    {
        var json = RpcJson.ToUtf8(new System.Text.Json.Nodes.JsonObject { ["text"] = text });
        var line = StreamFrameWriter.Write(json, quotes, checksum);
        var reader = new StreamFrameReader(1 << 16);
        var frames = line.Chunk(piece).SelectMany(part => reader.Push(part)).OfType<StreamItem.Frame>().ToList();
        return frames is [var frame]
            && System.Text.Json.Nodes.JsonNode.DeepEquals(
                System.Text.Json.Nodes.JsonNode.Parse(frame.Utf8), System.Text.Json.Nodes.JsonNode.Parse(json));
    });

    /// <summary>Whatever comes, memory stays bounded and the next good line is found.</summary>
    [Fact]
    public void AfterNoise_TheNextFrameIsFound() => Gen.Byte.Array[0, 300].Select(Gen.Int[1, 50]).Sample((noise, piece) =>
    {
        var reader = new StreamFrameReader(Most);
        byte[] all = [.. noise, .. "\n"u8, .. Encoding.ASCII.GetBytes(Info), .. "\n"u8];
        var items = all.Chunk(piece).SelectMany(part => reader.Push(part)).ToList();
        return items[^1] is StreamItem.Frame(var utf8) && Encoding.ASCII.GetString(utf8) == Info;
    });

    private static string Read(byte[] bytes, int piece)
    {
        var reader = new StreamFrameReader(Most);
        return string.Join(' ', bytes.Chunk(piece).SelectMany(part => reader.Push(part)).Select(item => item switch
        {
            StreamItem.Frame(var utf8) => "J" + Encoding.UTF8.GetString(utf8),
            StreamItem.EmptyLine => "E",
            StreamItem.Probe => "P",
            StreamItem.Dropped => "D",
            _ => throw new System.Diagnostics.UnreachableException(),
        }));
    }
}
