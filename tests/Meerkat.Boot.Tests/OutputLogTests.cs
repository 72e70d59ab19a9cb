using System.Text;
using Meerkat.Boot.Posix;
using Microsoft.Win32.SafeHandles;

namespace Meerkat.Boot.Tests;

public sealed class OutputLogTests : IDisposable
{
    private const long Limit = (1 << 20) + (16 * 1024);

    private readonly TestDevice device = new();
    private readonly MemoryStream screen = new();

    public void Dispose() => device.Dispose();

    [Fact]
    public void Output_GoesToTheFileAndOn()
    {
        Print("hello\n");
        Print("again\n");
        Assert.Equal("hello\nagain\n", device.ReadFile("log/x.log"));
        Assert.Equal("again\n", Encoding.UTF8.GetString(screen.ToArray()));
    }

    [Fact]
    public void FourMegabytes_LeaveTwoFilesOfOneEach()
    {
        Print(string.Concat(Enumerable.Range(0, 400_000).Select(number => $"{number:000000000}\n")));
        var sizes = device.Shell("stat -c %s log/x.log log/x.log.1").Split('\n').Select(long.Parse).ToList();
        Assert.All(sizes, size => Assert.InRange(size, 1, Limit));
        Assert.Equal("x.log\nx.log.1", device.Shell("ls log"));
        Assert.Equal("000399999", device.Shell("tail -n 1 log/x.log"));
    }

    [Fact]
    public void FirmwareThatFilledTheMedium_IsStillHeard()
    {
        using var small = new TestDevice("1m");
        using var log = new BoundedLog(small.Volume, "log/x.log");
        Write(log, 0, 10);
        small.Shell("cat /dev/zero > data/filler 2>/dev/null || true");
        Write(log, 10, 3000);
        Assert.Equal("000002999", small.Shell("tail -n 1 log/x.log"));
    }

    /// <summary>A full log goes on being rotated on a full medium.</summary>
    [Fact]
    public void FullMedium_KeepsTheNewestLines()
    {
        using var small = new TestDevice("4m");
        using var log = new BoundedLog(small.Volume, "log/x.log");
        Write(log, 0, 150_000);
        Assert.Equal("x.log\nx.log.1", small.Shell("ls log"));
        small.Shell("cat /dev/zero > data/filler 2>/dev/null || true");
        Write(log, 150_000, 155_000);
        Assert.Equal("000154999", small.Shell("tail -n 1 log/x.log"));
        Write(log, 155_000, 400_000);
        Assert.Equal("000399999", small.Shell("tail -n 1 log/x.log"));
    }

    private static void Write(BoundedLog log, int first, int end)
    {
        for (var number = first; number < end; number++)
        {
            log.Write(Encoding.ASCII.GetBytes($"{number:000000000}\n"));
        }
    }

    [Fact]
    public void LogOnAMediumWithFaults_GoesOnWhenTheyAreGone()
    {
        for (var at = 0; at < 12; at++)
        {
            device.Shell("rm -f log/x.log*");
            using var log = new BoundedLog(new FaultyVolume(device.Volume, FaultyVolume.NoSpace, at, forGood: false), "log/x.log");
            Write(log, 0, 20);
            Assert.Equal("000000019", device.Shell("tail -n 1 log/x.log"));
        }
    }

    [Fact]
    public void LogThatCannotBeWritten_DoesNotHoldTheProgramUp()
    {
        device.Shell("mkdir log/x.log");
        Print(new string('x', 300_000));
        Assert.Equal("", device.Shell("ls log/x.log"));
    }

    [Fact]
    public void LogThatIsALink_IsNotFollowed()
    {
        device.Shell("touch outside; ln -s ../outside log/x.log");
        Print("hello\n");
        Assert.Equal("", device.ReadFile("outside"));
    }

    private void Print(string text)
    {
        screen.SetLength(0);
        using var copy = new UnclosedStream(screen);
        using (var console = new ConsoleOutput(copy))
        {
            var (readEnd, writeEnd) = Spawner.Pipe();
            var log = new OutputLog(device.Volume, "log/x.log", readEnd, console);
            using (var pipe = new FileStream(new SafeFileHandle(writeEnd, ownsHandle: true), FileAccess.Write))
            {
                pipe.Write(Encoding.UTF8.GetBytes(text));
            }
            log.Drain(TimeSpan.FromMinutes(1));
        }
    }

    /// <summary>The console closes what it writes to; the test still wants to read it.</summary>
    private sealed class UnclosedStream(Stream inner) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);
    }
}
