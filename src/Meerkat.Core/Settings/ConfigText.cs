using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Core.Values;

namespace Meerkat.Core.Settings;

/// <summary>Configuration files: one JSON object in UTF-8, no comments, no key twice; numbers may be written as <c>0x1F</c>.</summary>
public abstract record ConfigText
{
    private ConfigText()
    {
    }

    public sealed record Parsed(JsonObject Tree) : ConfigText;

    public sealed record Rejected(string Reason) : ConfigText;

    /// <summary>Reads a file's content. A byte order mark and an empty file (no settings) are accepted.</summary>
    public static ConfigText Parse(ReadOnlySpan<byte> utf8)
    {
        var content = utf8.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8;
        if (content.Trim(" \t\r\n"u8).IsEmpty)
        {
            return new Parsed([]);
        }
        try
        {
            return ParseObject(content);
        }
        catch (JsonException e)
        {
            return HexadecimalNumbers.ToDecimal(content) is { } plain ? ParseAgain(plain) : new Rejected($"not JSON: {e.Message}");
        }
    }

    private static ConfigText ParseAgain(ReadOnlySpan<byte> content)
    {
        try
        {
            return ParseObject(content);
        }
        catch (JsonException e)
        {
            return new Rejected($"not JSON: {e.Message}");
        }
    }

    private static ConfigText ParseObject(ReadOnlySpan<byte> content) =>
        StrictJson.ParseNode(content, RpcFrame.MaxDepth) is JsonObject tree ? new Parsed(tree) : new Rejected("not a JSON object");

    /// <summary>A file's content: indented by two blanks, ended by a line end; numbers that were read stay as typed.</summary>
    public static byte[] Format(JsonObject tree) => System.Text.Encoding.UTF8.GetBytes(RpcJson.ToPretty(tree) + "\n");
}
