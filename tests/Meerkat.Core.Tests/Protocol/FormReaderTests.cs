using System.Text;
using CsCheck;
using Meerkat.Core.Protocol;

namespace Meerkat.Core.Tests.Protocol;

public sealed class FormReaderTests
{
    private const string Head = "--x\r\nContent-Disposition: a\r\n\r\n";
    private const string End = "\r\n--x--\r\n";

    /// <summary>A body with the boundary x, and what is in it.</summary>
    public static TheoryData<string, string> Bodies => new()
    {
        { "--x--\r\n", "" },
        { "--x--", "" },
        { "--x--\r", "" },
        { "--x \t\r\n\r\nd" + "\r\n--x-- \t\r\n", "(none)=d" },
        { Head + "d" + End, "a=d" },
        { Head + End, "a=" },
        { Head + "d" + "\r\n" + Head + "\r\n" + Head + "f" + End, "a=d a= a=f" },
        { "preamble --\r\n-\r\n" + Head + "d" + End + "epilogue\r\n--x\r\n", "a=d" },
        { "preamble" + Head + "d" + End, "a=d" },
        { "---" + Head + "d" + End, "a=d" },
        { "--x\r\n\r\n--x\r\n--x--", "(none)=--x" },
        { Head + "d\n--x--\n--x\r--x-- --x--\r\n--\r\n--y\r\n-x" + End, "a=d\n--x--\n--x\r--x-- --x--\r\n--\r\n--y\r\n-x" },
        { Head + "\r\r\n\r\n\r\n-\r\n--\r\r\n--x--\r\n", "a=\r\r\n\r\n\r\n-\r\n--\r" },
        { Head + "d\r\n--xy\r\n\r\ne" + End, "a=d (none)=e" },
        { "--x\r\ncontent-DISPOSITION:a; filename=\"ü: \"  \r\nOther:\r\nthird: \n\r\r\n\r\nd" + End, "a; filename=\"ü: \"=d" },
        { "--x\r\nContent-Disposition: a\r\ncontent-disposition: b\r\n\r\nd" + End, "a,b=d" },
        { "--x\r\nContent-Disposition : a\r\n\r\nd" + End, "(none)=d" },
        { new string('-', FormReader.MostOutsideBytes) + Head + End + new string('\n', FormReader.MostOutsideBytes), "a=" },
        { Form(FormReader.MostParts), string.Join(' ', Enumerable.Repeat("a=", FormReader.MostParts)) },
        { "--x\r\n" + Headers(FormReader.MostHeaders) + "\r\n" + End, "(none)=" },
        { "--x\r\na:" + new string('b', FormReader.MostHeaderBytes - 4) + "\r\n\r\n" + End, "(none)=" },
    };

    /// <summary>A body with the boundary x, how many whole parts are in it, and why it is refused.</summary>
    public static TheoryData<string, int, string> Refusals => new()
    {
        { "", 0, "nothing in it is a delimiter, --x" },
        { "no form at all", 0, "nothing in it is a delimiter, --x" },
        { "--", 0, "nothing in it is a delimiter, --x" },
        { "--x", 0, "it is cut off" },
        { "--x-", 0, "it is cut off" },
        { "--x\r\n", 0, "it is cut off" },
        { "--x\r\nContent-Disposition: a", 0, "it is cut off" },
        { "--x\r\n\r", 0, "it is cut off" },
        { Head, 0, "it is cut off: its last delimiter, --x--, is missing" },
        { Head + "d\r\n--", 0, "it is cut off" },
        { Head + "--x--\r\n", 0, "it is cut off" },
        { Head + "d\r\n--x", 1, "it is cut off" },
        { Head + "d\r\n--x-\r\n", 1, "it is cut off" },
        { Head + "d\r\n--x--y\r\n", 1, "it is cut off" },
        { "--x\r\nContent-Disposition: a\n\nd" + End, 0, "a header line of part 1 is not NAME: VALUE" },
        { "--x\r\nno header\r\n\r\n" + End, 0, "a header line of part 1 is not NAME: VALUE" },
        { Head + "\r\n--x\r\n: b\r\n\r\n" + End, 1, "a header line of part 2 is not NAME: VALUE" },
        { "--x\r\n\r\r\n\r\n" + End, 0, "a header line of part 1 is not NAME: VALUE" },
        { "--x\r\na:" + new string('b', FormReader.MostHeaderBytes - 2), 0, "it is cut off" },
        { "--x\r\na:" + new string('b', FormReader.MostHeaderBytes), 0, "the headers of part 1 are longer than 16384 bytes" },
        { "--x\r\na:b\r\na:" + new string('b', FormReader.MostHeaderBytes - 5), 0, "it is cut off" },
        { "--x\r\na:b\r\na:" + new string('b', FormReader.MostHeaderBytes - 3), 0, "the headers of part 1 are longer than 16384 bytes" },
        { "--x\r\n" + new string('\n', FormReader.MostHeaderBytes + 2), 0, "the headers of part 1 are longer than 16384 bytes" },
        { "--x\r\n" + Headers(FormReader.MostHeaders + 1) + "\r\n" + End, 0, "part 1 has more than 16 headers" },
        { Form(FormReader.MostParts + 1), FormReader.MostParts, "it has more than 1024 parts" },
        { "--x" + new string(' ', 99) + "\r\n", 0, "it is cut off" },
        { "--x" + new string(' ', 100) + "\r\n", 0, "a delimiter's line is more than 100 bytes longer" },
        { new string('-', FormReader.MostOutsideBytes + 1) + Head + End, 0, "more than 16384 bytes are before its first delimiter" },
        { Head + End + new string('-', FormReader.MostOutsideBytes + 1), 1, "more than 16384 bytes are after its last delimiter" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Body_IsReadTheSameInPiecesOfAnySize(string body, string parts)
    {
        foreach (var pieces in (int[][])[[1], [2], [3, 1, 7], [4096], [int.MaxValue]])
        {
            Assert.Equal((parts, null), Read(body, "x", pieces));
        }
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public void WhatIsNoForm_IsRefusedWithAReason(string body, int whole, string problem)
    {
        foreach (var pieces in (int[][])[[1], [3, 1, 7], [4096], [int.MaxValue]])
        {
            var (parts, found) = Read(body, "x", pieces);
            Assert.StartsWith(problem, found);
            Assert.Equal(whole, parts.Count(c => c == '='));
        }
    }

    [Fact]
    public void CutAnywhereBeforeItsEnd_IsRefused()
    {
        var body = Head + "some data\r\n" + Head + "more" + "\r\n--x--";
        for (var length = 0; length < body.Length; length++)
        {
            Assert.NotNull(Read(body[..length], "x", [int.MaxValue]).Problem);
            Assert.NotNull(Read(body[..length], "x", [1]).Problem);
        }
    }

    [Fact]
    public void AfterAProblem_NothingIsRead()
    {
        var reader = new FormReader("x");
        var bytes = "--x\r\nno header\r\n"u8;
        Assert.Equal(FormItem.Problem, reader.Read(ref bytes, out _));
        bytes = "\r\n--x\r\n\r\nd\r\n--x--"u8;
        Assert.Equal(FormItem.Problem, reader.Read(ref bytes, out _));
        Assert.Equal("a header line of part 1 is not NAME: VALUE", reader.Complete());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\r\nb")]
    public void BoundaryThatIsNone_IsRefused(string boundary) =>
        Assert.Throws<ArgumentException>(() => new FormReader(boundary));

    /// <summary>Whole pieces pass through without a copy, apart from what may be the beginning of a delimiter.</summary>
    [Fact]
    public void Data_IsHandedOutInThePiecesThatCame()
    {
        var reader = new FormReader("x");
        ReadOnlySpan<byte> bytes = Encoding.ASCII.GetBytes(Head);
        Assert.Equal(FormItem.PartBegin, reader.Read(ref bytes, out _));
        byte[] piece = [.. new byte[100], .. "\r\n-"u8];
        bytes = piece;
        Assert.Equal(FormItem.PartData, reader.Read(ref bytes, out var data));
        Assert.True(data == piece.AsSpan(0, 100));
        Assert.Equal(FormItem.None, reader.Read(ref bytes, out _));
        bytes = piece;
        Assert.Equal(FormItem.PartData, reader.Read(ref bytes, out data));
        Assert.True(data.SequenceEqual("\r\n-"u8));
        Assert.Equal(FormItem.PartData, reader.Read(ref bytes, out data));
        Assert.True(data == piece.AsSpan(0, 100));
    }

    [Fact]
    public void WhatIsWritten_IsReadAgain()
    {
        var boundaries = Gen.OneOf(OneOf("x", "--------x"), Gen.Char["-ab'()+_,./:=?"].Array[1, 200].Select(c => new string(c)));
        var data = OneOf("\r", "\n", "\r\n", "-", "--", "\r\n--", "a", "x", "data", new string('z', 50)).Array[0, 30].Select(string.Concat);
        Gen.Select(boundaries, data.Array[0, 5], data, Gen.Int[1, 60].Array[1, 9]).Sample(
            (boundary, parts, around, pieces) =>
            {
                if (parts.Append(around).Any(p => ("\r\n" + p + "\r\n").Contains("--" + boundary, StringComparison.Ordinal)))
                {
                    return;
                }
                var body = around + "\r\n" + string.Concat(parts.Select((p, i) => $"--{boundary}\r\nContent-Disposition: {i}\r\n\r\n{p}\r\n"))
                    + $"--{boundary}--\r\n{around}";
                Assert.Equal((string.Join(' ', parts.Select((p, i) => $"{i}={p}")), null), Read(body, boundary, pieces));
            },
            iter: 5000);
    }

    [Fact]
    public void AnyBytes_AreReadTheSameInPiecesOfAnySize()
    {
        var tokens = OneOf("\r", "\n", "\r\n", "-", "--", "--b", "\r\n--b", "\r\n--b\r\n", "\r\n\r\n", "--b--", "a: b\r\n", "Content-Disposition: c\r\n", "d");
        var bodies = Gen.Select(tokens.Array[0, 40].Select(string.Concat), OneOf("", "--b\r\n\r\n", "----b\r\na:b\r\n\r\n"), (t, start) => start + t);
        Gen.Select(bodies, OneOf("b", "--b", "-b-", "----b"), Gen.Int[1, 9].Array[1, 5]).Sample(
            (body, boundary, pieces) =>
            {
                var whole = Read(body, boundary, [int.MaxValue]);
                Assert.Equal(whole, Read(body, boundary, pieces));
                Assert.Equal(whole, Read(body, boundary, [1]));
            },
            iter: 5000);
    }

    private static Gen<string> OneOf(params string[] words) => Gen.Int[0, words.Length - 1].Select(i => words[i]);

    private static string Form(int parts) => string.Join("\r\n", Enumerable.Repeat(Head, parts)) + End;

    private static string Headers(int count) => string.Concat(Enumerable.Range(0, count).Select(i => $"h{i}: v\r\n"));

    /// <summary>The whole parts, and why there are no more.</summary>
    private static (string Parts, string? Problem) Read(string body, string boundary, int[] pieces)
    {
        var reader = new FormReader(boundary);
        var parts = new List<string>();
        var part = new List<byte>();
        var rest = Encoding.UTF8.GetBytes(body).AsSpan();
        for (var i = 0; !rest.IsEmpty; i++)
        {
            var length = Math.Min(rest.Length, pieces[i % pieces.Length]);
            ReadOnlySpan<byte> bytes = rest[..length];
            rest = rest[length..];
            FormItem found;
            while ((found = reader.Read(ref bytes, out var data)) is not (FormItem.None or FormItem.Problem))
            {
                switch (found)
                {
                    case FormItem.PartBegin:
                        part.Clear();
                        break;
                    case FormItem.PartData:
                        Assert.False(data.IsEmpty);
                        part.AddRange(data);
                        break;
                    default:
                        parts.Add($"{reader.Disposition ?? "(none)"}={Encoding.UTF8.GetString([.. part])}");
                        break;
                }
            }
            if (found == FormItem.Problem)
            {
                break;
            }
            Assert.True(bytes.IsEmpty);
        }
        return (string.Join(' ', parts), reader.Complete());
    }
}
