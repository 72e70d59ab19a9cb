using System.IO.Pipelines;
using Meerkat.Rpc.Posix;
using Microsoft.Win32.SafeHandles;

namespace Meerkat.Rpc.Streams;

/// <summary>A serial line as a stream, raw, 8N1. A thread of its own waits for what comes, so that no other has to.</summary>
public sealed class SerialStream : Stream
{
    /// <summary>How long the line may take to notice that nobody reads any more.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(500);

    private readonly SafeFileHandle line;
    private readonly FileStream arriving;
    private readonly FileStream output;
    private readonly Stream input;
    private readonly PipeWriter received;
    private volatile bool ended;

    private SerialStream(SafeFileHandle line)
    {
        this.line = line;
        arriving = new FileStream(line, FileAccess.Read, bufferSize: 0, isAsync: false);
        output = new FileStream(line, FileAccess.Write, bufferSize: 0, isAsync: false);
        var pipe = new Pipe();
        input = pipe.Reader.AsStream();
        received = pipe.Writer;
        new Thread(Listen) { IsBackground = true, Name = "serial line" }.Start();
    }

    /// <summary>The rates that a line may have, bits a second.</summary>
    public static IEnumerable<int> Rates => Terminal.Rates;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <param name="path">A device file: <c>/dev/ttyUSB0</c>.</param>
    /// <param name="rate">Bits a second, one of <see cref="Rates"/>.</param>
    /// <param name="softwareFlow">XON and XOFF.</param>
    /// <param name="hardwareFlow">RTS and CTS.</param>
    /// <exception cref="IOException">It is no terminal, or cannot be opened.</exception>
    public static SerialStream Open(string path, int rate, bool softwareFlow, bool hardwareFlow) =>
        new(Terminal.Open(path, rate, softwareFlow, hardwareFlow));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        input.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        input.ReadAsync(buffer, offset, count, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        output.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        output.WriteAsync(buffer, offset, count, cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);

    public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer, offset, count);

    /// <summary>What is written goes to the line at once; waiting until it has gone out would wait for the peer.</summary>
    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        ended = true;
        if (disposing)
        {
            input.Dispose();
            output.Dispose();
            arriving.Dispose();
        }
        base.Dispose(disposing);
    }

    private void Listen()
    {
        Exception? fault = null;
        try
        {
            while (!ended && Terminal.HasInput(line, Glance) is { } some)
            {
                if (!some)
                {
                    continue;
                }
                var count = arriving.Read(received.GetSpan());
                if (count == 0)
                {
                    break;
                }
                received.Advance(count);
                // Nobody reads as fast as it comes: then the line waits, or loses bytes, which the frames' checksums find.
                if (received.FlushAsync().AsTask().GetAwaiter().GetResult().IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            fault = gone is IOException ? gone : null;
        }
        received.Complete(fault);
    }
}
