using System.Collections.Immutable;
using Meerkat.Storage;

namespace Meerkat.Simulator.Medium;

/// <summary>A volume that passes everything on; what is made of it changes one thing.</summary>
internal class VolumeDecorator(IVolume inner) : IVolume
{
    protected IVolume Inner => inner;

    public virtual long FreeBytes => inner.FreeBytes;

    public virtual VolumeEntry? Find(string path) => inner.Find(path);

    public virtual ImmutableArray<VolumeEntry> List(string path) => inner.List(path);

    public virtual IVolumeFile OpenRead(string path) => Opened(inner.OpenRead(path), path);

    public virtual IVolumeFile OpenWrite(string path) => Opened(inner.OpenWrite(path), path);

    public virtual IVolumeFile Create(string path, int mode) => Opened(inner.Create(path, mode), path);

    public virtual void CreateDirectory(string path, int mode) => inner.CreateDirectory(path, mode);

    public virtual void CreateLink(string path, string target) => inner.CreateLink(path, target);

    public virtual string ReadLink(string path) => inner.ReadLink(path);

    public virtual void Rename(string from, string to) => inner.Rename(from, to);

    public virtual void Remove(string path) => inner.Remove(path);

    public virtual void SetAttributes(string path, EntryAttributes attributes) => inner.SetAttributes(path, attributes);

    public virtual void FlushDirectory(string path) => inner.FlushDirectory(path);

    /// <summary>Before any write to an open file.</summary>
    protected virtual void Writing(IVolumeFile file, string path, ReadOnlySpan<byte> bytes, long offset) => file.Write(bytes, offset);

    protected virtual void Truncating(IVolumeFile file, string path, long length) => file.Truncate(length);

    protected virtual void Flushing(IVolumeFile file, string path) => file.Flush();

    protected virtual int Reading(IVolumeFile file, string path, Span<byte> buffer, long offset) => file.Read(buffer, offset);

    private DecoratedFile Opened(IVolumeFile file, string path) => new(this, file, path);

    private sealed class DecoratedFile(VolumeDecorator volume, IVolumeFile file, string path) : IVolumeFile
    {
        public long Length => file.Length;

        public string Identity => file.Identity;

        public int Read(Span<byte> buffer, long offset) => volume.Reading(file, path, buffer, offset);

        public void Write(ReadOnlySpan<byte> bytes, long offset) => volume.Writing(file, path, bytes, offset);

        public void Truncate(long length) => volume.Truncating(file, path, length);

        public void Flush() => volume.Flushing(file, path);

        public void Dispose() => file.Dispose();
    }
}
