using System.Buffers.Binary;
using System.Text;

namespace Meerkat.Bench.PowerCut;

/// <summary>
/// The log of a disk's writes as QEMU's blklogwrites leaves it (the format of Linux's dm-log-writes): a superblock, then for each
/// request a sector that describes it and the data.
/// </summary>
internal sealed class WriteLog
{
    public const int SectorBytes = 512;

    private const ulong Magic = 0x6a736677736872;
    private const ulong FlushFlag = 1;
    private const ulong ForcedFlag = 2;
    private const ulong DiscardFlag = 4;

    private WriteLog(IReadOnlyList<Interval> intervals) => Intervals = intervals;

    /// <summary>What lies between two flushes. The last one is what no flush followed.</summary>
    public IReadOnlyList<Interval> Intervals { get; }

    /// <param name="At">Byte offset on the disk.</param>
    /// <param name="Data">Whole sectors.</param>
    /// <param name="Forced">Durable when it is done, without a flush.</param>
    internal sealed record Write(long At, ReadOnlyMemory<byte> Data, bool Forced)
    {
        public int Sectors => Data.Length / SectorBytes;
    }

    /// <param name="Writes">In the order in which the disk did them.</param>
    /// <param name="Marks">What the machine said meanwhile, in order.</param>
    internal sealed record Interval(IReadOnlyList<Write> Writes, IReadOnlyList<string> Marks);

    /// <param name="path">The log.</param>
    /// <param name="firstMark">Byte offset on the disk from which on writes are marks.</param>
    /// <exception cref="BenchException">It is no such log, or has what cannot be replayed.</exception>
    public static WriteLog Read(string path, long firstMark)
    {
        var log = File.ReadAllBytes(path).AsMemory();
        if (log.Length < SectorBytes || BinaryPrimitives.ReadUInt64LittleEndian(log.Span) != Magic)
        {
            throw new BenchException($"{path} is no log of a disk's writes: expected the magic number {Magic:x}");
        }
        var entries = BinaryPrimitives.ReadUInt64LittleEndian(log.Span[16..]);
        var intervals = new List<Interval>();
        var (writes, marks) = (new List<Write>(), new List<string>());
        var at = SectorBytes;
        for (ulong entry = 0; entry < entries; entry++)
        {
            var head = log.Span[at..];
            var (sector, bytes) = (Number(head), checked((int)Number(head[8..]) * SectorBytes));
            var flags = Number(head[16..]);
            if ((flags & DiscardFlag) != 0)
            {
                throw new BenchException($"{path}: entry {entry} discards sectors, which the machine is started without");
            }
            if ((flags & FlushFlag) != 0)
            {
                // A flush comes before the data of its own request.
                intervals.Add(new Interval(writes, marks));
                (writes, marks) = ([], []);
            }
            var data = log.Slice(at + SectorBytes, bytes);
            at += SectorBytes + bytes;
            var offset = checked((long)sector * SectorBytes);
            if (bytes > 0 && offset >= firstMark)
            {
                marks.Add(Encoding.UTF8.GetString(data.Span).TrimEnd('\0'));
            }
            else if (bytes > 0)
            {
                writes.Add(new Write(offset, data, (flags & ForcedFlag) != 0));
            }
        }
        intervals.Add(new Interval(writes, marks));
        return new WriteLog(intervals);
    }

    private static ulong Number(ReadOnlySpan<byte> at) => BinaryPrimitives.ReadUInt64LittleEndian(at);
}
