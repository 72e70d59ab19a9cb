using System.Text;
using CsCheck;
using Microsoft.AspNetCore.WebUtilities;
using FormItem = Meerkat.Core.Protocol.FormItem;
using FormReader = Meerkat.Core.Protocol.FormReader;

namespace Meerkat.Agent.Tests;

/// <summary>The reader of forms against the one of ASP.NET, which many senders have been tried with.</summary>
public sealed class FormReaderTests
{
    private static readonly string[] Words =
    [
        "\r", "\n", "\r\n", "-", "--", "--b", "\r\n--b", "\r\n--b\r\n", "\r\n--b \r\n\r\n", "--b--", "\r\n--b--\r\n", "\r\n\r\n",
        "a: b\r\n", "Content-Disposition: c\r\n", "content-disposition:d\r\n\r\n", "d", "é",
    ];

    private static readonly string[] Starts = ["", "--b\r\n\r\n", "----b\r\na:b\r\n\r\n", "p\r\n--b\r\nContent-Disposition: e\r\n\r\n"];

    [Fact]
    public async Task AnyBody_IsReadAsAspNetReadsIt()
    {
        // The 16th header of a part is the last that both take; a text of so few words has fewer.
        var bodies = Gen.Select(Gen.Int[0, Starts.Length - 1], Gen.Int[0, Words.Length - 1].Array[0, 14]);
        var boundaries = Gen.Int[0, 2].Select(i => new[] { "b", "--b", "-b" }[i]);
        await Gen.Select(bodies, boundaries, Gen.Int[0, 3]).SampleAsync(
            async (body, boundary, ending) =>
            {
                var text = Starts[body.Item1] + string.Concat(body.Item2.Select(i => Words[i]))
                    + new[] { "", $"\r\n--{boundary}--", $"\r\n--{boundary}--\r\n", $"\r\n--{boundary}--\r\nepilogue" }[ending];
                Assert.Equal(await AspNetsAsync(text, boundary), Ours(text, boundary));
            },
            iter: 20000);
    }

    private static async Task<string> AspNetsAsync(string body, string boundary)
    {
        var parts = new StringBuilder();
        try
        {
            var reader = new MultipartReader(boundary, new MemoryStream(Encoding.UTF8.GetBytes(body)));
            while (await reader.ReadNextSectionAsync() is { } section)
            {
                using var data = new MemoryStream();
                await section.Body.CopyToAsync(data);
                parts.Append($"[{section.ContentDisposition ?? "none"}={Encoding.UTF8.GetString(data.ToArray())}]");
            }
            return parts.Append("whole").ToString();
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException)
        {
            return parts.Append("refused").ToString();
        }
    }

    private static string Ours(string body, string boundary)
    {
        var parts = new StringBuilder();
        var reader = new FormReader(boundary);
        ReadOnlySpan<byte> bytes = Encoding.UTF8.GetBytes(body);
        using var part = new MemoryStream();
        while (reader.Read(ref bytes, out var data) is not (FormItem.None or FormItem.Problem) and var found)
        {
            part.Write(data);
            if (found == FormItem.PartEnd)
            {
                parts.Append($"[{reader.Disposition ?? "none"}={Encoding.UTF8.GetString(part.ToArray())}]");
                part.SetLength(0);
            }
        }
        return parts.Append(reader.Complete() is null ? "whole" : "refused").ToString();
    }
}
