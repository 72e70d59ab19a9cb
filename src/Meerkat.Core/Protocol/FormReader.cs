using System.Buffers;
using System.Diagnostics;
using System.Text;

namespace Meerkat.Core.Protocol;

/// <summary>
/// Reads a <c>multipart/form-data</c> body (RFC 7578, RFC 2046 section 5.1) that arrives in pieces of any size. The bytes of its parts
/// are not copied: they are handed out as pieces of what came in. What is kept is one line, and how much of a delimiter the last piece
/// ended with. Bad input is an answer (<see cref="Problem"/>), not an exception.
/// </summary>
public sealed class FormReader
{
    /// <summary>Bytes before the first delimiter, and after the last one.</summary>
    public const int MostOutsideBytes = 16 * 1024;

    /// <summary>Bytes of all header lines of a part.</summary>
    public const int MostHeaderBytes = 16 * 1024;

    /// <summary>Header lines of a part.</summary>
    public const int MostHeaders = 16;

    /// <summary>Parts of a form.</summary>
    public const int MostParts = 1024;

    /// <summary>What may follow a delimiter in its line; more than white space is no harm.</summary>
    private const int MostDelimiterLineBytes = 100;

    private readonly byte[] delimiter;
    private readonly ArrayBufferWriter<byte> line = new();
    private Stage stage = Stage.Preamble;
    private int matched;
    private long outsideBytes;
    private int headerBytes;
    private int headers;
    private int parts;

    /// <param name="boundary">As the request's Content-Type names it, without quotes: at least one character, no line break.</param>
    /// <exception cref="ArgumentException">It is none.</exception>
    public FormReader(string boundary)
    {
        ArgumentException.ThrowIfNullOrEmpty(boundary);
        if (boundary.AsSpan().ContainsAny('\r', '\n'))
        {
            throw new ArgumentException("a boundary is of one line", nameof(boundary));
        }
        delimiter = Encoding.UTF8.GetBytes("\r\n--" + boundary);
    }

    private enum Stage
    {
        Preamble,
        DelimiterLine,
        Headers,
        Body,
        Epilogue,
    }

    /// <summary>The Content-Disposition of the part begun last, several of them joined by commas; null: it has none.</summary>
    public string? Disposition { get; private set; }

    /// <summary>Why this is no form; null while all is well.</summary>
    public string? Problem { get; private set; }

    /// <summary>
    /// Reads on, as far as the next thing of interest; to be called until it returns <see cref="FormItem.None"/>, with what it left.
    /// </summary>
    /// <param name="bytes">The next bytes of the body; what has been read is taken off.</param>
    /// <param name="data">The bytes of <see cref="FormItem.PartData"/>; valid as long as <paramref name="bytes"/> are.</param>
    public FormItem Read(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> data)
    {
        data = default;
        while (!bytes.IsEmpty && Problem is null)
        {
            var found = stage switch
            {
                Stage.Preamble => SkipPreamble(ref bytes),
                Stage.DelimiterLine => ReadDelimiterLine(ref bytes),
                Stage.Headers => ReadHeader(ref bytes),
                Stage.Body => ReadBody(ref bytes, out data),
                Stage.Epilogue => SkipOutside(ref bytes),
                _ => throw new UnreachableException(),
            };
            if (found != FormItem.None)
            {
                return found;
            }
        }
        return Problem is null ? FormItem.None : FormItem.Problem;
    }

    /// <summary>Says that the body ends here. Returns <see cref="Problem"/>, which then includes being cut off.</summary>
    public string? Complete()
    {
        // The last delimiter needs no line break behind it.
        var ended = stage == Stage.Epilogue || (stage == Stage.DelimiterLine && IsLast(Text(line.WrittenSpan)));
        if (Problem is null && !ended)
        {
            var sought = Text(delimiter.AsSpan(2));
            Problem = stage == Stage.Preamble
                ? $"nothing in it is a delimiter, {sought}"
                : $"it is cut off: its last delimiter, {sought}--, is missing";
        }
        return Problem;
    }

    private FormItem SkipPreamble(ref ReadOnlySpan<byte> bytes)
    {
        // Without the line break: the form may begin with its first delimiter.
        var found = Seek(ref bytes, delimiter.AsSpan(2), out var before);
        SkipOutside(ref before);
        if (found)
        {
            stage = Stage.DelimiterLine;
        }
        return FormItem.None;
    }

    private FormItem SkipOutside(ref ReadOnlySpan<byte> bytes)
    {
        outsideBytes += bytes.Length;
        bytes = default;
        return outsideBytes <= MostOutsideBytes
            ? FormItem.None
            : Fail($"more than {MostOutsideBytes} bytes are {(parts == 0 ? "before its first" : "after its last")} delimiter");
    }

    private FormItem ReadDelimiterLine(ref ReadOnlySpan<byte> bytes)
    {
        if (ReadLine(ref bytes, MostDelimiterLineBytes) is not { } rest)
        {
            return Problem is null ? FormItem.None : FormItem.Problem;
        }
        if (IsLast(rest))
        {
            outsideBytes = 0;
            stage = Stage.Epilogue;
            return FormItem.None;
        }
        headers = 0;
        headerBytes = 0;
        Disposition = null;
        stage = Stage.Headers;
        return ++parts <= MostParts ? FormItem.None : Fail($"it has more than {MostParts} parts");
    }

    private FormItem ReadHeader(ref ReadOnlySpan<byte> bytes)
    {
        if (ReadLine(ref bytes, MostHeaderBytes - headerBytes) is not { } header)
        {
            return Problem is null ? FormItem.None : FormItem.Problem;
        }
        if (header.Length == 0)
        {
            stage = Stage.Body;
            return FormItem.PartBegin;
        }
        if (++headers > MostHeaders)
        {
            return Fail($"part {parts} has more than {MostHeaders} headers");
        }
        headerBytes += Encoding.UTF8.GetByteCount(header);
        var colon = header.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0)
        {
            return Fail($"a header line of part {parts} is not NAME: VALUE");
        }
        if (header.AsSpan(0, colon).Equals("Content-Disposition", StringComparison.OrdinalIgnoreCase))
        {
            var value = header[(colon + 1)..].Trim();
            Disposition = Disposition is null ? value : $"{Disposition},{value}";
        }
        return FormItem.None;
    }

    private FormItem ReadBody(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> data)
    {
        if (Seek(ref bytes, delimiter, out data))
        {
            stage = Stage.DelimiterLine;
            return FormItem.PartEnd;
        }
        return data.IsEmpty ? FormItem.None : FormItem.PartData;
    }

    /// <summary>Looks for the delimiter. True: it was next, and has been read.</summary>
    /// <param name="bytes">Read as far as it is known what they are.</param>
    /// <param name="sought">The delimiter.</param>
    /// <param name="before">What is certainly not of the delimiter, to be taken first.</param>
    private bool Seek(ref ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> sought, out ReadOnlySpan<byte> before)
    {
        before = default;
        if (matched > 0)
        {
            return GoOn(ref bytes, sought, out before);
        }
        var at = bytes.IndexOf(sought);
        if (at == 0)
        {
            bytes = bytes[sought.Length..];
            return true;
        }
        matched = at < 0 ? BeginningAtEnd(bytes, sought) : 0;
        before = at < 0 ? bytes[..^matched] : bytes[..at];
        bytes = at < 0 ? default : bytes[at..];
        return false;
    }

    /// <summary>Goes on with a delimiter that the last piece ended in. If it is none, its beginning is what was kept of that piece.</summary>
    private bool GoOn(ref ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> sought, out ReadOnlySpan<byte> before)
    {
        before = default;
        var more = bytes.CommonPrefixLength(sought[matched..]);
        bytes = bytes[more..];
        matched += more;
        if (matched == sought.Length)
        {
            matched = 0;
            return true;
        }
        if (!bytes.IsEmpty)
        {
            var kept = BeginningAtEnd(sought[1..matched], sought);
            before = sought[..(matched - kept)];
            matched = kept;
        }
        return false;
    }

    /// <summary>How many of the last bytes of a text are the beginning of the delimiter, which is not in it.</summary>
    private static int BeginningAtEnd(ReadOnlySpan<byte> text, ReadOnlySpan<byte> sought)
    {
        text = text[^Math.Min(text.Length, sought.Length - 1)..];
        while (text.IndexOf(sought[0]) is >= 0 and var at)
        {
            text = text[at..];
            if (sought.StartsWith(text))
            {
                return text.Length;
            }
            text = text[1..];
        }
        return 0;
    }

    /// <summary>A line without its CR LF, which alone ends it; null when it is not all there yet, or too long.</summary>
    private string? ReadLine(ref ReadOnlySpan<byte> bytes, int mostBytes)
    {
        while (!bytes.IsEmpty)
        {
            var end = bytes.IndexOf((byte)'\n');
            var piece = end < 0 ? bytes : bytes[..(end + 1)];
            if (piece.Length > mostBytes + 1 - line.WrittenCount)
            {
                Fail(stage == Stage.Headers
                    ? $"the headers of part {parts} are longer than {MostHeaderBytes} bytes"
                    : $"a delimiter's line is more than {MostDelimiterLineBytes} bytes longer than the delimiter");
                return null;
            }
            line.Write(piece);
            bytes = bytes[piece.Length..];
            if (line.WrittenSpan.EndsWith("\r\n"u8))
            {
                var text = Text(line.WrittenSpan[..^2]);
                line.ResetWrittenCount();
                return text;
            }
        }
        return null;
    }

    private static bool IsLast(string rest) => rest.AsSpan().Trim() is "--";

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);

    private FormItem Fail(string problem)
    {
        Problem = problem;
        return FormItem.Problem;
    }
}
