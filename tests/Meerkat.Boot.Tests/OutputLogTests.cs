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
