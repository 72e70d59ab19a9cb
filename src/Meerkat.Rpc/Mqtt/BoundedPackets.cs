using System.Buffers.Binary;

namespace Meerkat.Rpc.Mqtt;

/// <summary>
/// A connection to a broker from which no more is taken into memory at once than is bearable: a message that is too long arrives with
/// its topic and without its payload, and its true length is noted. A broker passes on what strangers send, up to 256 MiB a message.
/// </summary>
/// <param name="inner">The connection; disposed of with this.</param>
/// <param name="mostBytes">The longest packet that is passed on as it is.</param>
/// <param name="version">The protocol's level; with 5 a message has properties.</param>
internal sealed class BoundedPackets(Stream inner, int mostBytes, int version) : Stream
{
    private const int Publish = 3;
    private const int MostLengthBytes = 4;

    private readonly byte[] block = new byte[8192];
    private int from;
    private int until;

    /// <summary>Made here in place of what was left out.</summary>
    private ReadOnlyMemory<byte> made;

    /// <summary>Left of the packet that is passed on, and of the payload that is left out.</summary>
    private long left;
    private long leftOut;

    /// <summary>The length of the payload that was left out of the message that is read now or was read last; 0: none was.</summary>
    public long LeftOutBytes { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (made.IsEmpty && left == 0 && !await BeginPacketAsync(cancellationToken).ConfigureAwait(false))
        {
            return 0;
        }
        int count;
        if (!made.IsEmpty)
        {
            count = Math.Min(buffer.Length, made.Length);
            made[..count].CopyTo(buffer);
            made = made[count..];
            return count;
        }
        if (from == until && !await FillAsync(cancellationToken).ConfigureAwait(false))
        {
            return 0;
        }
        count = (int)Math.Min(Math.Min(buffer.Length, until - from), left);
        block.AsMemory(from, count).CopyTo(buffer);
        from += count;
        left -= count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        inner.WriteAsync(buffer, offset, count, cancellationToken);

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Reads the next packet's header; false at the end of the connection.</summary>
    private async ValueTask<bool> BeginPacketAsync(CancellationToken cancellationToken)
    {
        while (leftOut > 0)
        {
            if (from == until && !await FillAsync(cancellationToken).ConfigureAwait(false))
            {
                return false;
            }
            var skipped = (int)Math.Min(until - from, leftOut);
            from += skipped;
            leftOut -= skipped;
        }
        var header = new byte[1 + MostLengthBytes];
        var used = 0;
        long length = 0;
        do
        {
            if (used > MostLengthBytes)
            {
                throw new IOException("what the broker sends is no MQTT: the length of a packet has more than four bytes");
            }
            if (from == until && !await FillAsync(cancellationToken).ConfigureAwait(false))
            {
                return false;
            }
            header[used++] = block[from++];
            if (used > 1)
            {
                length |= (long)(header[used - 1] & 0x7F) << (7 * (used - 2));
            }
        }
        while (used == 1 || (header[used - 1] & 0x80) != 0);
        LeftOutBytes = 0;
        if (length <= mostBytes)
        {
            made = header.AsMemory(0, used);
            left = length;
            return true;
        }
        if (header[0] >> 4 != Publish)
        {
            throw new IOException(FormattableString.Invariant($"the broker sent a packet of {length} bytes that is no message; at most {mostBytes} are taken"));
        }
        return await CutAsync(header[0], length, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A message with its topic, its number and nothing else.</summary>
    private async ValueTask<bool> CutAsync(byte kind, long length, CancellationToken cancellationToken)
    {
        var numberBytes = (kind & 0b110) == 0 ? 0 : sizeof(ushort);
        var propertyBytes = version >= 5 ? 1 : 0;
        var size = new byte[sizeof(ushort)];
        if (!await TakeAsync(size, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }
        var head = new byte[BinaryPrimitives.ReadUInt16BigEndian(size) + numberBytes];
        leftOut = length - sizeof(ushort) - head.Length;
        if (leftOut < 0)
        {
            throw new IOException("what the broker sends is no MQTT: a topic is longer than its message");
        }
        if (!await TakeAsync(head, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }
        LeftOutBytes = leftOut;
        var packet = new List<byte> { kind };
        for (var rest = sizeof(ushort) + head.Length + propertyBytes; ;)
        {
            var low = (byte)(rest & 0x7F);
            rest >>= 7;
            packet.Add(rest > 0 ? (byte)(low | 0x80) : low);
            if (rest == 0)
            {
                break;
            }
        }
        packet.AddRange([.. size, .. head, .. new byte[propertyBytes]]);
        made = packet.ToArray();
        left = 0;
        return true;
    }

    private async ValueTask<bool> TakeAsync(byte[] bytes, CancellationToken cancellationToken)
    {
        for (var done = 0; done < bytes.Length;)
        {
            if (from == until && !await FillAsync(cancellationToken).ConfigureAwait(false))
            {
                return false;
            }
            var count = Math.Min(until - from, bytes.Length - done);
            block.AsSpan(from, count).CopyTo(bytes.AsSpan(done));
            from += count;
            done += count;
        }
        return true;
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        from = 0;
        until = await inner.ReadAsync(block, cancellationToken).ConfigureAwait(false);
        return until > 0;
    }
}
