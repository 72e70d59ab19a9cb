using System.Buffers;
using System.IO.Compression;

namespace Meerkat.Core.Bundles;

/// <summary>Inflates one entry that arrives in pieces.</summary>
/// <remarks>
/// DeflateStream pulls, so it reads from a stream that is fed. That stream answers "nothing" when it has run dry;
/// DeflateStream passes this on and continues when asked again.
/// </remarks>
internal sealed class Inflation : IDisposable
{
    private const int OutputBytes = 64 * 1024;

    private readonly FedStream source = new();
    private readonly DeflateStream inflater;
    private readonly byte[] output = ArrayPool<byte>.Shared.Rent(OutputBytes);

    public Inflation() => inflater = new DeflateStream(source, CompressionMode.Decompress, leaveOpen: true);

    /// <summary>
    /// Takes from <paramref name="packed"/> until at least one byte comes out or all is taken; returns what came out,
    /// valid until the next call and at most <paramref name="atMost"/> bytes.
    /// </summary>
    /// <exception cref="InvalidDataException">The data is not deflate.</exception>
    public ReadOnlySpan<byte> Read(scoped ref ReadOnlySpan<byte> packed, long atMost)
    {
        var space = output.AsSpan(0, (int)Math.Min(OutputBytes, atMost));
        while (true)
        {
            var produced = inflater.Read(space);
            if (produced > 0 || packed.IsEmpty)
            {
                return space[..produced];
            }
            packed = packed[source.Feed(packed)..];
        }
    }

    public void Dispose()
    {
        inflater.Dispose();
        source.Dispose();
        ArrayPool<byte>.Shared.Return(output);
    }

    private sealed class FedStream : Stream
    {
        private readonly byte[] held = new byte[16 * 1024];
        private int start;
        private int end;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        /// <summary>Replaces what is held; bytes still unread then lie behind the end of the deflate stream.</summary>
        public int Feed(ReadOnlySpan<byte> bytes)
        {
            start = 0;
            end = Math.Min(bytes.Length, held.Length);
            bytes[..end].CopyTo(held);
            return end;
        }

        public override int Read(Span<byte> buffer)
        {
            var count = Math.Min(buffer.Length, end - start);
            held.AsSpan(start, count).CopyTo(buffer);
            start += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
