using System.Collections.Immutable;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>
/// A volume that says after each operation that the work goes on. The boot sequence may take minutes (a digest over a large
/// image, a merge of many files), all on the supervising thread; between two operations it is alive, within one it may be stuck.
/// </summary>
internal sealed class SteadyVolume(IVolume volume, Action goesOn) : IVolume
{
    public long FreeBytes => Then(volume.FreeBytes);

    public VolumeEntry? Find(string path) => Then(volume.Find(path));

    public ImmutableArray<VolumeEntry> List(string path) => Then(volume.List(path));

    public IVolumeFile OpenRead(string path) => new SteadyFile(volume.OpenRead(path), goesOn);

    public IVolumeFile OpenWrite(string path) => new SteadyFile(volume.OpenWrite(path), goesOn);

    public IVolumeFile Create(string path, int mode) => new SteadyFile(volume.Create(path, mode), goesOn);

    public void CreateDirectory(string path, int mode)
    {
        volume.CreateDirectory(path, mode);
        goesOn();
    }

    public void CreateLink(string path, string target)
    {
        volume.CreateLink(path, target);
        goesOn();
    }

    public string ReadLink(string path) => Then(volume.ReadLink(path));

    public void Rename(string from, string to)
    {
        volume.Rename(from, to);
        goesOn();
    }

    public void Remove(string path)
    {
        volume.Remove(path);
        goesOn();
    }

    public void SetAttributes(string path, EntryAttributes attributes)
    {
        volume.SetAttributes(path, attributes);
        goesOn();
    }

    public void FlushDirectory(string path)
    {
        volume.FlushDirectory(path);
        goesOn();
    }

    public void WriteBack()
    {
        volume.WriteBack();
        goesOn();
    }

    private T Then<T>(T result)
    {
        goesOn();
        return result;
    }

    private sealed class SteadyFile(IVolumeFile file, Action goesOn) : IVolumeFile
    {
        public long Length => file.Length;

        public string Identity => file.Identity;

        public int Read(Span<byte> buffer, long offset)
        {
            var count = file.Read(buffer, offset);
            goesOn();
            return count;
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            file.Write(bytes, offset);
            goesOn();
        }

        public void Reserve(long bytes)
        {
            file.Reserve(bytes);
            goesOn();
        }

        public void Truncate(long length)
        {
            file.Truncate(length);
            goesOn();
        }

        public void Flush()
        {
            file.Flush();
            goesOn();
        }

        public void Dispose() => file.Dispose();
    }
}
