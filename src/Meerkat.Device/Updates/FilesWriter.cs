using Meerkat.Boot.Posix;
using Meerkat.Core.Bundles;
using Meerkat.Storage;

namespace Meerkat.Device.Updates;

/// <summary>Unpacks the file-system image into a slot's <c>fs</c>; all of it belongs to the firmware's user.</summary>
internal sealed class FilesWriter(IVolume volume, string root, UserId owner) : ITarSink
{
    private const int FolderMode = 0x1ED;
    private const int PrivateMode = 0x180;

    private readonly Dictionary<string, TarMember?> folders = new(StringComparer.Ordinal);
    private IVolumeFile? file;
    private TarMember? member;
    private long length;

    public bool Folder(TarMember folder)
    {
        EnsureFolder(folder.Path);
        folders[folder.Path] = folder;
        return true;
    }

    public bool FileBegin(TarMember begun, long sizeBytes)
    {
        EnsureFolder(VolumeTrees.Parent(begun.Path));
        member = begun;
        length = 0;
        file = volume.Create(Path(begun.Path), PrivateMode);
        return true;
    }

    public bool FileData(ReadOnlySpan<byte> data)
    {
        file!.Write(data, length);
        length += data.Length;
        return true;
    }

    public bool FileEnd()
    {
        SetAttributes(member!);
        file!.Flush();
        file.Dispose();
        file = null;
        return true;
    }

    public bool SymbolicLink(TarMember link, string target)
    {
        EnsureFolder(VolumeTrees.Parent(link.Path));
        volume.CreateLink(Path(link.Path), target);
        SetAttributes(link);
        return true;
    }

    public bool Skipped(string path) => true;

    /// <summary>Gives folders their modes and times, which their contents would have changed, and flushes them.</summary>
    public void End()
    {
        foreach (var (path, folder) in folders.OrderByDescending(pair => pair.Key, StringComparer.Ordinal))
        {
            if (folder is not null)
            {
                SetAttributes(folder);
            }
            volume.FlushDirectory(Path(path));
        }
        volume.FlushDirectory(root);
    }

    /// <summary>Closes what a broken archive left open.</summary>
    public void Close() => file?.Dispose();

    private void EnsureFolder(string path)
    {
        if (path.Length == 0 || folders.ContainsKey(path))
        {
            return;
        }
        EnsureFolder(VolumeTrees.Parent(path));
        volume.CreateDirectory(Path(path), FolderMode);
        volume.SetAttributes(Path(path), volume.Find(Path(path))!.Value.Attributes with
        {
            User = owner.User,
            Group = owner.Group,
        });
        folders[path] = null;
    }

    private void SetAttributes(TarMember of) => volume.SetAttributes(
        Path(of.Path), new EntryAttributes((int)of.Mode, owner.User, owner.Group, of.ModifiedAt));

    private string Path(string path) => path.Length == 0 ? root : $"{root}/{path}";
}
