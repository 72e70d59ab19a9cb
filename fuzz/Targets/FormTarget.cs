using System.Globalization;
using System.Text;
using Meerkat.Core.Protocol;

namespace Meerkat.Fuzz.Targets;

/// <summary>Uploaded forms: <c>multipart/form-data</c>, pushed in pieces. The first line of an input is the boundary.</summary>
internal sealed class FormTarget : Target
{
    private static readonly string[] Lines =
    [
        "\r\n", "\n", "\r", "--", "\r\n--", "--B", "\r\n--B", "--B\r\n", "--B--\r\n", "\r\n--B--", "--B--", "\r\n--B \t\r\n", "\r\n--Bx\r\n", "\r\n\r\n--B", "\r\r\n--B",
        "Content-Disposition: form-data; name=\"file\"; filename=\"fw.zip\"\r\n", "Content-Disposition: form-data; name=\"commit_timeout\"\r\n",
        "content-disposition:x\r\n", "Content-Disposition:\r\n", "Content-Type: text/plain\r\n", ": x\r\n", "no colon\r\n", "a:\r\n", "a: b\r\n c\r\n",
        "x: \u00e4\r\n", "--B\r\n\r\n", "--B\r\na: b\r\n\r\n\r\n--B--\r\n",
    ];

    public override string Name => "form";

    // The events told are texts here; the reader itself keeps a line.
    public override MemoryBound Memory => new(256 << 10, 64);

    public override byte[] Generate(Random chance)
    {
        var boundary = chance.Pick(["B", "----WebKitFormBoundary7MA4YWxkTrZu0gW", "--------------------------d74496d66958873e", "-", "--", "\u00e4"]);
        var form = new MemoryStream();
        form.Write(Encoding.UTF8.GetBytes(boundary + "\n" + (chance.Next(4) == 0 ? "preamble\r\n" : "")));
        for (var number = chance.Next(1, 5); number > 0; number--)
        {
            form.Write(Encoding.UTF8.GetBytes($"--{boundary}\r\nContent-Disposition: form-data; name=\"f{number}\"\r\n"));
            form.Write(Encoding.UTF8.GetBytes(chance.Next(2) == 0 ? "Content-Type: application/zip\r\n\r\n" : "\r\n"));
            form.Write(Body(chance, boundary));
            form.Write("\r\n"u8);
        }
        form.Write(Encoding.UTF8.GetBytes($"--{boundary}--{chance.Pick(["", "\r\n", "\r\nepilogue"])}"));
        return form.ToArray();
    }

    public override byte[] Mutate(byte[] input, byte[] other, Random chance)
    {
        if (chance.Next(3) == 0)
        {
            return ByteMutations.Mutate(input, other, chance);
        }
        // In terms of lines, and with the boundary that the input has.
        var boundary = Encoding.UTF8.GetString(Boundary(input));
        var lines = Encoding.Latin1.GetString(input).Split('\n').Select(line => line + "\n").ToList();
        var at = chance.Next(lines.Count);
        switch (chance.Next(7))
        {
            case 0: lines.RemoveAt(at); break;
            case 1: lines.Insert(at, lines[chance.Next(lines.Count)]); break;
            case 2: lines[at] = lines[at].TrimEnd('\n', '\r'); break;
            case 3: lines.Insert(at, string.Concat(Enumerable.Repeat(lines[at], chance.Pick([2, 16, 17, 1030])))); break;
            case 4: lines[at] = new string('a', chance.Pick([97, 98, 99, 100, 101, 16381, 16382, 16383, 16384, 16385])) + lines[at]; break;
            case 5: lines[at] = lines[at].Insert(chance.Next(lines[at].Length), Known()); break;
            default: lines.Insert(at, Known()); break;
        }
        return Encoding.Latin1.GetBytes(string.Concat(lines));

        string Known() => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(chance.Pick(Lines).Replace("B", boundary, StringComparison.Ordinal)));
    }

    public override object? Parse(byte[] input) => Read(input, pieces: null);

    public override bool Accepted(object? parsed) => ((Reading)parsed!).Problem is null;

    public override void Examine(byte[] input, object? parsed)
    {
        var whole = (Reading)parsed!;
        Read(input, ChanceOf(input)).MustEqual(whole, "in pieces");
        if (input.Length <= 4096)
        {
            Read(input, new Random(0), mostPiece: 1).MustEqual(whole, "byte by byte");
        }
        FindingException.Unless(whole.Problem is null || whole.Problem.Length < 2000, "a refusal with too many words");
    }

    private static byte[] Body(Random chance, string boundary) => chance.Next(4) switch
    {
        0 => [],
        1 => "300"u8.ToArray(),
        // What looks like a delimiter, almost.
        2 => Encoding.UTF8.GetBytes($"\r\n-{boundary}\r\r\n-\r\n--\r\n--{boundary[..^1]}\r\n\n--{boundary[..^1]}"),
        _ => ByteMutations.RandomBytes(chance, chance.Next(900)),
    };

    private static byte[] Boundary(byte[] input)
    {
        var end = input.AsSpan().IndexOf((byte)'\n');
        var line = input.AsSpan(0, Math.Min(end < 0 ? input.Length : end, 200)).ToArray();
        // As a request's header has it: text without line breaks.
        return [.. Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(line).Replace("\r", "", StringComparison.Ordinal)) is { Length: > 0 } text ? text : "B"u8];
    }

    /// <param name="input">The boundary and the form.</param>
    /// <param name="pieces">Their sizes; none: in one piece.</param>
    /// <param name="mostPiece">The largest piece.</param>
    private static Reading Read(byte[] input, Random? pieces, int mostPiece = 60)
    {
        var boundary = Boundary(input);
        var end = input.AsSpan().IndexOf((byte)'\n');
        var reader = new FormReader(Encoding.UTF8.GetString(boundary));
        var log = new EventLog();
        var isOpen = false;
        var rest = input.AsSpan(end < 0 ? input.Length : end + 1);
        while (!rest.IsEmpty && reader.Problem is null)
        {
            var count = pieces is null ? rest.Length : Math.Min(rest.Length, pieces.Next(1, mostPiece + 1));
            ReadOnlySpan<byte> piece = rest[..count];
            rest = rest[count..];
            while (reader.Read(ref piece, out var data) is not FormItem.None and var found && found != FormItem.Problem)
            {
                switch (found)
                {
                    case FormItem.PartBegin:
                        FindingException.Unless(!isOpen, "a part begins in another");
                        isOpen = true;
                        log.Begin($"part {reader.Disposition ?? "(none)"}");
                        break;
                    case FormItem.PartData:
                        FindingException.Unless(isOpen && !data.IsEmpty, "data of no part, or none");
                        log.Data(data);
                        break;
                    default:
                        FindingException.Unless(isOpen, "a part ends that was not begun");
                        isOpen = false;
                        log.End("end of part");
                        break;
                }
            }
            FindingException.Unless(piece.IsEmpty || reader.Problem is not null, "bytes are left, and nothing was found in them");
        }
        var problem = reader.Complete();
        FindingException.Unless(problem is not null || !isOpen, "accepted, with a part that has not ended");
        return new Reading(log, problem);
    }

    private sealed record Reading(EventLog Log, string? Problem)
    {
        public void MustEqual(Reading other, string how)
        {
            FindingException.Unless(
                Problem == other.Problem,
                string.Create(CultureInfo.InvariantCulture, $"{how}: '{Problem ?? "accepted"}', as a whole '{other.Problem ?? "accepted"}'"));
            Log.MustEqual(other.Log, how);
        }
    }
}
