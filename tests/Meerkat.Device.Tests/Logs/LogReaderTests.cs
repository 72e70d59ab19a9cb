using System.Text;
using Meerkat.Device.Logs;
using Meerkat.Storage;

namespace Meerkat.Device.Tests.Logs;

public sealed class LogReaderTests : IDisposable
{
    private const int Plenty = 4096;
    private const string Log = "x.log";

    private readonly string folder = Directory.CreateTempSubdirectory("meerkat-log-").FullName;
    private readonly HostVolume volume;

    public LogReaderTests() => volume = new HostVolume(folder);

    public void Dispose()
    {
        volume.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("a\nb\nc\n", 2, "b\nc\n")]
    [InlineData("a\nb\nc", 2, "b\nc")]
    [InlineData("a\nb\n", 9, "a\nb\n")]
    [InlineData("a\n\n\n", 2, "\n\n")]
    [InlineData("a\n", 0, "")]
    [InlineData("", 5, "")]
    public void Last_IsSoManyLines(string text, int lines, string shown)
    {
        Write(text);
        var piece = LogReader.Last(volume, Log, lines, Plenty);
        Assert.Equal((shown, false, false), (piece.Text, piece.Cut, piece.More));
        Write("next\n");
        Assert.Equal("next\n", Since(piece).Text);
    }

    [Fact]
    public void Last_GoesOverIntoTheOlderFile()
    {
        Write("a\nb");
        Rotate();
        Write("c\nd\n");
        Assert.Equal("bc\nd\n", LogReader.Last(volume, Log, 2, Plenty).Text);
    }

    [Fact]
    public void Last_ThatDoesNotFit_IsCutToWholeLines_AndSaysSo()
    {
        Write(string.Concat(Enumerable.Range(0, 1000).Select(number => $"{number:00000000}\n")));
        var piece = LogReader.Last(volume, Log, 500, 105);
        Assert.Equal(("00000990\n", true), (piece.Text.Split('\n', 2)[0] + "\n", piece.Cut));
        Assert.Equal("00000998\n00000999\n", LogReader.Last(volume, Log, 2, 105).Text);
        Assert.False(LogReader.Last(volume, Log, 2, 105).Cut);
    }

    [Fact]
    public void Log_ThatIsNotThere_IsEmpty_AndCanBeFollowed()
    {
        var piece = LogReader.Last(volume, Log, 10, Plenty);
        Assert.Equal("", piece.Text);
        Write("first\n");
        var next = Since(piece);
        Assert.Equal(("first\n", false), (next.Text, next.Missed));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(60)]
    public void Following_MissesAndRepeatsNothing_AcrossRotations(int step)
    {
        var expected = new StringBuilder();
        var seen = new StringBuilder();
        var piece = LogReader.Last(volume, Log, 0, Plenty);
        for (var number = 0; number < 200; number++)
        {
            var line = $"line {number} ü€𝄞\n";
            expected.Append(line);
            Write(line);
            if (number % 60 == 59)
            {
                Rotate();
            }
            if (number % step == 0)
            {
                piece = ReadOn(piece, seen);
            }
        }
        ReadOn(piece, seen);
        Assert.Equal(expected.ToString(), seen.ToString());
    }

    [Fact]
    public void CharacterWrittenInPieces_AppearsOnce()
    {
        var euro = Encoding.UTF8.GetBytes("€");
        var piece = LogReader.Last(volume, Log, 0, Plenty);
        Write([(byte)'a', euro[0]]);
        piece = Since(piece);
        Assert.Equal("a", piece.Text);
        Rotate();
        Write([euro[1], euro[2], 0xFF, (byte)'b']);
        Assert.Equal("€\ufffdb", Since(piece).Text);
    }

    [Fact]
    public void FileRotatedAwayTwice_IsMissed_AndTheOldestComesNext()
    {
        Write("a\n");
        var piece = LogReader.Last(volume, Log, 1, Plenty);
        Rotate();
        Write("b\n");
        Rotate();
        Write("c\n");
        var next = Since(piece);
        Assert.Equal(("b\nc\n", true), (next.Text, next.Missed));
    }

    [Fact]
    public void LogBegunAnewUnderTheSameName_IsReadFromItsStart()
    {
        Write("a\nb\n");
        var piece = LogReader.Last(volume, Log, 1, Plenty);
        File.Delete(PathOf(Log));
        // The number of the deleted file may be used again at once, but not in the same tick of the clock.
        var tick = DateTime.UtcNow + TimeSpan.FromMilliseconds(20);
        SpinWait.SpinUntil(() => DateTime.UtcNow > tick);
        Write("another, longer than before\n");
        var next = Since(piece);
        Assert.Equal(("another, longer than before\n", true), (next.Text, next.Missed));
    }

    [Fact]
    public void Answer_IsBounded_HoweverItMustBeEscaped()
    {
        Write(new string('\u0001', 10_000));
        var piece = LogReader.Since(volume, Log, LogPosition.Oldest, 1000);
        Assert.Equal((166, true), (piece.Text.Length, piece.More));
        Assert.Equal(166, LogReader.Last(volume, Log, 1, 1000).Text.Length);
    }

    [Fact]
    public void Link_IsNotFollowed()
    {
        File.WriteAllText(PathOf("secret"), "secret\n");
        File.CreateSymbolicLink(PathOf(Log), "secret");
        Assert.Throws<StorageException>(() => LogReader.Last(volume, Log, 1, Plenty));
    }

    private LogPiece ReadOn(LogPiece piece, StringBuilder seen)
    {
        do
        {
            piece = LogReader.Since(volume, Log, LogPosition.Parse(piece.End.ToString())!.Value, 100);
            Assert.False(piece.Missed);
            seen.Append(piece.Text);
        }
        while (piece.More);
        return piece;
    }

    private LogPiece Since(LogPiece piece) => LogReader.Since(volume, Log, piece.End, Plenty);

    private void Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    private void Write(byte[] bytes)
    {
        using var file = new FileStream(PathOf(Log), FileMode.Append);
        file.Write(bytes);
    }

    private void Rotate() => File.Move(PathOf(Log), PathOf(Log + ".1"), overwrite: true);

    private string PathOf(string name) => Path.Combine(folder, name);
}
