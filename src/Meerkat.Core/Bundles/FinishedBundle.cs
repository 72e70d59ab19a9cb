using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Meerkat.Core.Bundles;

/// <summary>
/// A bundle as it lies there, of whichever tool and layout. The attributes of its manifest's entry can be changed; every other byte
/// stays as it is, so that what signatures were made over stays as well.
/// </summary>
/// <remarks>
/// Only the archive's structure is read here: that its parts hold is for <see cref="BundleReader"/> to say, and must be asked first.
/// </remarks>
public sealed class FinishedBundle
{
    private const int ChunkBytes = 256 * 1024;
    private const int MostCommentBytes = ushort.MaxValue;

    private readonly Stream input;
    private byte[] local = [];
    private int localExtraBytes;
    private byte[] directory = [];
    private long directoryOffset;
    private byte[] end = [];

    private FinishedBundle(Stream input) => this.input = input;

    /// <summary>What the local header of the manifest's entry carries, which is what devices read.</summary>
    public ImmutableSortedDictionary<string, string> Attributes { get; private set; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <param name="bundle">A stream that can seek; it must stay open.</param>
    /// <param name="refusal">Why this cannot be changed, as a sentence; then there is no bundle.</param>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static FinishedBundle? Open(Stream bundle, out string? refusal)
    {
        var found = new FinishedBundle(bundle);
        refusal = found.ReadEnd() ?? found.ReadEntries() ?? found.ReadAttributes();
        return refusal is null ? found : null;
    }

    /// <summary>Writes the whole bundle again, with attributes of the manifest's entry added or replaced in both its headers.</summary>
    /// <exception cref="InvalidDataException">They do not fit into an extra field, or the archive would exceed 4 GiB.</exception>
    /// <exception cref="IOException">The input cannot be read, or the output not be written.</exception>
    public void WriteTo(Stream output, ImmutableSortedDictionary<string, string> changes)
    {
        var header = new LocalHeader(local);
        var extra = ExtraField.With(header.Extra, changes);
        var grown = extra.Length - localExtraBytes;
        if (directoryOffset + grown > uint.MaxValue - 1)
        {
            throw new InvalidDataException("the bundle would be larger than 4 GiB, which a zip without zip64 cannot be");
        }
        var newDirectory = Directory(changes, grown);
        Span<byte> fixedPart = local.AsSpan(0, LocalHeader.FixedBytes + header.NameBytes).ToArray();
        BinaryPrimitives.WriteUInt16LittleEndian(fixedPart[28..], checked((ushort)extra.Length));
        output.Write(fixedPart);
        output.Write(extra);
        Copy(local.Length, directoryOffset, output);
        output.Write(newDirectory);
        Span<byte> newEnd = end.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(newEnd[12..], checked((uint)newDirectory.Length));
        BinaryPrimitives.WriteUInt32LittleEndian(newEnd[16..], checked((uint)(directoryOffset + grown)));
        output.Write(newEnd);
    }

    private byte[] Directory(ImmutableSortedDictionary<string, string> changes, int grown)
    {
        var written = new ArrayBufferWriter<byte>(directory.Length);
        for (var at = 0; at < directory.Length;)
        {
            var header = new DirectoryHeader(directory.AsSpan(at));
            var isManifest = header.Offset == 0;
            var extra = isManifest ? ExtraField.With(header.Extra, changes) : header.Extra;
            Span<byte> fixedPart = directory.AsSpan(at, DirectoryHeader.FixedBytes).ToArray();
            BinaryPrimitives.WriteUInt16LittleEndian(fixedPart[DirectoryHeader.ExtraBytesAt..], checked((ushort)extra.Length));
            BinaryPrimitives.WriteUInt32LittleEndian(
                fixedPart[DirectoryHeader.OffsetAt..], isManifest ? 0 : checked((uint)(header.Offset + grown)));
            written.Write(fixedPart);
            written.Write(header.Name);
            written.Write(extra);
            written.Write(directory.AsSpan(at + header.TotalBytes - header.CommentBytes, header.CommentBytes));
            at += header.TotalBytes;
        }
        return written.WrittenSpan.ToArray();
    }

    /// <summary>The record that ends the archive, and the directory before it.</summary>
    private string? ReadEnd()
    {
        var tail = Read(Math.Max(0, input.Length - DirectoryEnd.FixedBytes - MostCommentBytes), input.Length);
        var at = tail.Length - DirectoryEnd.FixedBytes;
        while (at >= 0 && !(BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(at)) == LocalHeader.DirectoryEndSignature
            && BinaryPrimitives.ReadUInt16LittleEndian(tail.AsSpan(at + 20)) == tail.Length - at - DirectoryEnd.FixedBytes))
        {
            at--;
        }
        if (at < 0)
        {
            return "the bundle does not end with the record that ends a zip: something follows it, or it is cut off";
        }
        end = tail[at..];
        var endOffset = input.Length - end.Length;
        directoryOffset = BinaryPrimitives.ReadUInt32LittleEndian(end.AsSpan(16));
        var directoryBytes = BinaryPrimitives.ReadUInt32LittleEndian(end.AsSpan(12));
        if (BinaryPrimitives.ReadUInt32LittleEndian(end.AsSpan(4)) != 0 || directoryOffset + directoryBytes != endOffset
            || directoryBytes > BundleLimits.Default.DirectoryBytes)
        {
            return $"the central directory should end at byte {endOffset}, where its end record stands; "
                + $"that says it has {directoryBytes} bytes from byte {directoryOffset} on";
        }
        directory = Read(directoryOffset, endOffset);
        return null;
    }

    /// <summary>Directory and local headers must say the same about the same entries, which lie one behind the other.</summary>
    private string? ReadEntries()
    {
        var headers = new SortedDictionary<long, int>();
        for (var at = 0; at < directory.Length; at += new DirectoryHeader(directory.AsSpan(at)).TotalBytes)
        {
            if (!DirectoryHeader.IsAt(directory.AsSpan(at)))
            {
                return $"the central directory is malformed at byte {directoryOffset + at}";
            }
            if (!headers.TryAdd(new DirectoryHeader(directory.AsSpan(at)).Offset, at))
            {
                return "the central directory names an entry twice";
            }
        }
        if (headers.Count != BinaryPrimitives.ReadUInt16LittleEndian(end.AsSpan(8))
            || headers.Count != BinaryPrimitives.ReadUInt16LittleEndian(end.AsSpan(10)))
        {
            return $"the central directory has {headers.Count} entries, and its end record says otherwise";
        }
        long next = 0;
        foreach (var (offset, at) in headers)
        {
            var central = new DirectoryHeader(directory.AsSpan(at));
            var name = EntryName.Printable(Encoding.UTF8.GetString(central.Name));
            if (offset != next || offset + LocalHeader.FixedBytes + central.NameBytes > directoryOffset)
            {
                return $"the central directory and the local headers disagree about '{name}': it is said to begin at byte {offset}";
            }
            var bytes = Read(offset, offset + LocalHeader.FixedBytes + central.NameBytes);
            if (central.Disagreement(bytes) is { } what)
            {
                return $"the central directory and the local header disagree about '{name}': its {what} differs";
            }
            var header = new LocalHeader(bytes);
            next += header.TotalBytes + header.PackedBytes;
        }
        return next == directoryOffset ? null
            : $"the central directory and the local headers disagree: the entries end at byte {next}, the directory begins at {directoryOffset}";
    }

    private string? ReadAttributes()
    {
        if (directory.Length == 0)
        {
            return "the bundle has no entries";
        }
        local = Read(0, new LocalHeader(Read(0, LocalHeader.FixedBytes)).TotalBytes);
        var header = new LocalHeader(local);
        localExtraBytes = header.ExtraBytes;
        Attributes = ExtraField.ReadAttributes(header.Extra, out var problem);
        if (problem is not null)
        {
            return $"the manifest's entry {problem}";
        }
        var at = 0;
        while (new DirectoryHeader(directory.AsSpan(at)).Offset != 0)
        {
            at += new DirectoryHeader(directory.AsSpan(at)).TotalBytes;
        }
        var here = ExtraField.Find(header.Extra, ExtraField.Attributes, out var payload, out _);
        var there = ExtraField.Find(new DirectoryHeader(directory.AsSpan(at)).Extra, ExtraField.Attributes, out var central, out var overrun);
        return here == there && payload.SequenceEqual(central) && !overrun ? null
            : "the manifest's two headers disagree about signatures and attributes: devices read the local header, other tools the "
                + "central directory; make the bundle anew";
    }

    private byte[] Read(long from, long to)
    {
        var bytes = new byte[checked((int)(to - from))];
        input.Position = from;
        input.ReadExactly(bytes);
        return bytes;
    }

    private void Copy(long from, long to, Stream output)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            input.Position = from;
            for (var left = to - from; left > 0;)
            {
                var count = (int)Math.Min(left, buffer.Length);
                input.ReadExactly(buffer, 0, count);
                output.Write(buffer, 0, count);
                left -= count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
