using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Meerkat.Storage;

namespace Meerkat.Device.Updates;

/// <summary>
/// Writes a file in a thread of its own while its next bytes are received and hashed. At most <see cref="MostBlocks"/> blocks are
/// under way. A fault of the medium is thrown by the next call, whichever it is; nothing is durable before <see cref="Flush"/>.
/// A file that does not wait for a medium is written in the caller's thread.
/// </summary>
internal sealed class WriteBehind : IDisposable
{
    private const int BlockBytes = 256 * 1024;
    private const int MostBlocks = 4;

    /// <summary>So much goes to the file as it comes: a small image, or a slow sender, fills no block for a long time.</summary>
    private const int PromptBytes = 1024 * 1024;

    private readonly IVolumeFile file;
    private readonly BlockingCollection<(byte[] Block, int Length)> filled = new(MostBlocks);
    private readonly ConcurrentBag<byte[]> empty = [];
    private readonly Thread? thread;
    private byte[]? block;
    private int length;
    private long handedOver;
    private bool disposed;
    private volatile StorageException? fault;

    /// <param name="file">An empty file, which this owns.</param>
    public WriteBehind(IVolumeFile file)
    {
        this.file = file;
        if (!file.WaitsForMedium)
        {
            return;
        }
        thread = new Thread(Copy) { IsBackground = true, Name = "image" };
        thread.Start();
    }

    /// <exception cref="StorageException">The medium refused this or an earlier write.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (thread is null)
        {
            file.Write(bytes, handedOver);
            handedOver += bytes.Length;
            return;
        }
        while (!bytes.IsEmpty)
        {
            ThrowFault();
            block ??= empty.TryTake(out var used) ? used : ArrayPool<byte>.Shared.Rent(BlockBytes);
            var count = Math.Min(bytes.Length, BlockBytes - length);
            bytes[..count].CopyTo(block.AsSpan(length));
            bytes = bytes[count..];
            length += count;
            if (length == BlockBytes)
            {
                HandOver();
            }
        }
        if (handedOver < PromptBytes && filled.Count == 0)
        {
            HandOver();
        }
    }

    /// <summary>All that was written is durable when this returns; it can be called once, at the end.</summary>
    /// <exception cref="StorageException">The medium refused a write or the flush.</exception>
    public void Flush()
    {
        HandOver();
        End();
        ThrowFault();
        file.Flush();
    }

    public void Dispose()
    {
        if (disposed)
        {
            return;
        }
        disposed = true;
        End();
        filled.Dispose();
        file.Dispose();
        Return(block);
        block = null;
        while (empty.TryTake(out var used))
        {
            Return(used);
        }
    }

    private void HandOver()
    {
        if (block is { } full && length > 0)
        {
            block = null;
            filled.Add((full, length));
            handedOver += length;
            length = 0;
        }
    }

    private void End()
    {
        if (!filled.IsAddingCompleted)
        {
            filled.CompleteAdding();
        }
        thread?.Join();
    }

    private void Copy()
    {
        long offset = 0;
        foreach (var (full, count) in filled.GetConsumingEnumerable())
        {
            try
            {
                // After a fault the rest is only taken off: who fills the blocks must not wait for a place.
                if (fault is null)
                {
                    file.Write(full.AsSpan(0, count), offset);
                }
            }
            catch (StorageException refused)
            {
                fault = refused;
            }
            offset += count;
            empty.Add(full);
        }
    }

    private void ThrowFault()
    {
        if (fault is { } refused)
        {
            ExceptionDispatchInfo.Throw(refused);
        }
    }

    private static void Return(byte[]? used)
    {
        if (used is not null)
        {
            ArrayPool<byte>.Shared.Return(used);
        }
    }
}
