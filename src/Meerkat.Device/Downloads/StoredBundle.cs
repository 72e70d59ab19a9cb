using System.Buffers;
using Meerkat.Device.Updates;
using Meerkat.Storage;

namespace Meerkat.Device.Downloads;

/// <summary>Hands on a bundle that is already in the device's own file system.</summary>
/// <param name="volume">The device's root.</param>
/// <param name="path">Of the file on the volume; no part of it may be a link.</param>
internal sealed class StoredBundle(IVolume volume, string path)
{
    private const int BlockBytes = 128 * 1024;

    public DownloadEnd Run(DownloadTaker taker, CancellationToken cancellationToken)
    {
        var block = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            using var file = volume.OpenRead(path);
            if (taker.Begin(file.Length) is { } unwanted)
            {
                return new DownloadEnd.Ended(unwanted);
            }
            for (long offset = 0; file.Read(block, offset) is > 0 and var count; offset += count)
            {
                if (cancellationToken.IsCancellationRequested)
                {
                    return new DownloadEnd.Ended(UpdateResult.Failed("Update aborted"));
                }
                if (taker.Write(block.AsMemory(0, count)) is { } ended)
                {
                    return new DownloadEnd.Ended(ended);
                }
            }
            return new DownloadEnd.Whole();
        }
        catch (StorageException fault)
        {
            return new DownloadEnd.Ended(UpdateResult.Failed($"Update failed: {fault.Message}"));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }
}
