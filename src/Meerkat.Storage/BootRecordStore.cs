using Meerkat.Core.Boot;

namespace Meerkat.Storage;

/// <summary>
/// The two copies of the boot record, <c>boot/record.0</c> and <c>boot/record.1</c>: files of fixed length, made once and
/// then only overwritten in place. A write goes to the copy that does not count, so a torn one loses only the newer state.
/// </summary>
public sealed class BootRecordStore(IVolume volume)
{
    private const int MostBytes = 64 * 1024;

    private int current;

    /// <summary>Reads both copies and says which counts. The next <see cref="Write"/> goes to the other one.</summary>
    public BootRecordChoice Read()
    {
        var choice = BootRecordChoice.Of(ReadCopy(0), ReadCopy(1));
        current = choice is BootRecordChoice.Chosen chosen ? chosen.Copy : 0;
        return choice;
    }

    /// <summary>
    /// Makes durable what was read: a boot loader that was ended between its write and its flush has left a record that everybody sees
    /// and a loss of power takes back.
    /// </summary>
    /// <exception cref="StorageException">Which record counts after a loss of power is not known.</exception>
    public void FlushRead() => Tries.Of(() =>
    {
        for (var copy = 0; copy < 2; copy++)
        {
            if (volume.Find(Path(copy)) is { Kind: EntryKind.File })
            {
                using var file = volume.OpenRead(Path(copy));
                file.Flush();
            }
        }
        return true;
    });

    /// <summary>Makes both copies on a device that has none.</summary>
    public void Provision(BootRecord record)
    {
        for (var copy = 0; copy < 2; copy++)
        {
            volume.RemoveTree(Path(copy));
            using var file = volume.Create(Path(copy), 0x1A4);
            file.Write(BootRecordCodec.Encode(record), 0);
            file.Flush();
        }
        volume.FlushDirectory("boot");
        current = 0;
    }

    /// <summary>Makes a record durable: one write, one flush. A fault is tried again on the same copy.</summary>
    /// <exception cref="StorageException">
    /// It could not be stored, and is not read again while this system runs; after a power cut the medium may yet hold it.
    /// </exception>
    public void Write(BootRecord record)
    {
        var bytes = BootRecordCodec.Encode(record);
        var copy = 1 - current;
        var before = Contents(copy);
        try
        {
            current = Tries.Of(() =>
            {
                EnsureThere(copy);
                using var file = volume.OpenWrite(Path(copy));
                file.Write(bytes, 0);
                file.Flush();
                return copy;
            });
        }
        catch (StorageException)
        {
            TakeBack(copy, before);
            throw;
        }
    }

    /// <summary>
    /// A write whose flush failed stays in the system's cache, and the next boot would read it as if it had been stored: a commit that was
    /// refused would count.
    /// </summary>
    private void TakeBack(int copy, byte[]? before)
    {
        try
        {
            using var file = volume.OpenWrite(Path(copy));
            file.Write(before is { Length: BootRecordCodec.Length } ? before : new byte[BootRecordCodec.Length], 0);
            file.Flush();
        }
        catch (StorageException)
        {
            // The write counts for who reads next; that its flush fails, too, is to be expected.
        }
    }

    private static string Path(int copy) => copy == 0 ? "boot/record.0" : "boot/record.1";

    /// <summary>
    /// A copy that vanished, or grew so that it would not be read again, is made anew; its twin still counts until the write
    /// is durable.
    /// </summary>
    private void EnsureThere(int copy)
    {
        if (volume.Find(Path(copy)) is not { Kind: EntryKind.File, Bytes: <= BootRecordCodec.Length })
        {
            volume.RemoveTree(Path(copy));
            volume.Create(Path(copy), 0x1A4).Dispose();
            volume.FlushDirectory("boot");
        }
    }

    private byte[]? Contents(int copy)
    {
        try
        {
            return volume.ReadSmall(Path(copy), MostBytes);
        }
        catch (StorageException)
        {
            return null;
        }
    }

    private BootRecordCopy ReadCopy(int copy)
    {
        try
        {
            return BootRecordCodec.Decode(Tries.Of(() => volume.ReadSmall(Path(copy), MostBytes)));
        }
        catch (StorageException fault)
        {
            return new BootRecordCopy.Unusable(BootRecordProblem.Missing, fault.Message);
        }
    }
}
