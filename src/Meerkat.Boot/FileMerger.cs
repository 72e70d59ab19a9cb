using System.Collections.Immutable;
using Meerkat.Core.Health;
using Meerkat.Core.Merge;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>
/// Carries a merge plan out. The old file system is never touched; a file of the new one appears whole or not at all,
/// so an interrupted merge is simply done again.
/// </summary>
/// <param name="volume">The device's root.</param>
/// <param name="live">The old file system is in use: what vanishes from it meanwhile is left out. Otherwise that is a fault.</param>
public sealed class FileMerger(IVolume volume, bool live = false)
{
    private const int PrivateMode = 0x1C0;
    private const int BlockBytes = 64 * 1024;
    private const int VanishedErrno = 2;

    /// <summary>So many are copied before they are flushed and put in their places: a flush of one waits for as long as a flush of all.</summary>
    private const int MostAtOnce = 512;

    private readonly byte[] block = new byte[BlockBytes];

    /// <summary>Looks at both file systems and says what a merge would do. An unreadable old one counts as empty.</summary>
    public MergePlan Plan(SlotId from, SlotId to) =>
        MergePlanner.Plan(Entries(SlotPaths.Files(from)).Where(IsCarriedOver), Entries(SlotPaths.Files(to)));

    /// <summary>Copies what the plan says, all of it durable when this returns.</summary>
    /// <exception cref="StorageException">A fault of the medium; no space left among them.</exception>
    public void Merge(SlotId from, SlotId to, MergePlan plan)
    {
        var temporary = SlotPaths.Temporary(to);
        volume.RemoveTree(temporary);
        volume.CreateDirectory(temporary, PrivateMode);
        var oldFiles = SlotPaths.Files(from);
        var newFiles = SlotPaths.Files(to);
        foreach (var steps in plan.Steps.Chunk(MostAtOnce))
        {
            for (var index = 0; index < steps.Length; index++)
            {
                var (step, at) = (steps[index], Entry(temporary, index));
                UnlessVanished(() => Copy($"{oldFiles}/{step.Path}", at, step));
            }
            volume.WriteBack();
            for (var index = 0; index < steps.Length; index++)
            {
                var (step, at) = (steps[index], Entry(temporary, index));
                UnlessVanished(() => PutInPlace(at, $"{newFiles}/{step.Path}", step));
            }
        }
        foreach (var directory in plan.Steps.Where(step => step.Kind == MergeKind.Directory).Reverse())
        {
            // Last of all, because every name made in a directory changes its time.
            UnlessVanished(() =>
                volume.SetAttributes($"{newFiles}/{directory.Path}", AttributesOf($"{oldFiles}/{directory.Path}")));
        }
        // All of them: an attempt that was interrupted may have named what this one found done.
        foreach (var directory in Entries(newFiles).Where(entry => entry.Kind == MergeKind.Directory))
        {
            volume.FlushDirectory($"{newFiles}/{directory.Path}");
        }
        volume.FlushDirectory(newFiles);
        // Or some media would bring the temporary names back, beside the new ones.
        volume.FlushDirectory(temporary);
        volume.FlushDirectory(SlotPaths.Slot(to));
    }

    /// <summary>
    /// A health contract says what the firmware that ships it must do; the next one has its own or none. A snapshot is the same firmware.
    /// </summary>
    private bool IsCarriedOver(MergeEntry entry) => live || entry.Path != HealthContract.FileName || entry.Kind == MergeKind.Directory;

    private void UnlessVanished(Action step)
    {
        try
        {
            step();
        }
        catch (StorageException fault) when (live && fault.IsNotFound)
        {
            // With what lay below it: that finds no place either.
        }
    }

    private static string Entry(string temporary, int index) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{temporary}/{index}");

    private void Copy(string source, string temporary, MergeStep step)
    {
        var attributes = AttributesOf(source);
        switch (step.Kind)
        {
            case MergeKind.Directory:
                volume.CreateDirectory(temporary, PrivateMode);
                break;
            case MergeKind.Link:
                volume.CreateLink(temporary, volume.ReadLink(source));
                break;
            default:
                CopyContents(source, temporary);
                break;
        }
        // A directory must stay open to us until it is filled; its own mode comes last of all.
        volume.SetAttributes(temporary, step.Kind == MergeKind.Directory
            ? attributes with { Mode = attributes.Mode | PrivateMode }
            : attributes);
    }

    /// <summary>
    /// Its contents, and of a directory mode and owner, are durable before it has its name: a merge that is repeated does not look at
    /// what it finds in place.
    /// </summary>
    private void PutInPlace(string temporary, string target, MergeStep step)
    {
        if (step.Kind == MergeKind.File)
        {
            using var file = volume.OpenRead(temporary);
            file.Flush();
        }
        else if (step.Kind == MergeKind.Directory)
        {
            volume.FlushDirectory(temporary);
        }
        if (step.Replaces && volume.Find(target) is { Kind: not EntryKind.File })
        {
            volume.RemoveTree(target);
        }
        volume.Rename(temporary, target);
    }

    private EntryAttributes AttributesOf(string source) =>
        volume.Find(source)?.Attributes ?? throw new StorageException("copy", source, VanishedErrno);

    private void CopyContents(string source, string temporary)
    {
        using var from = volume.OpenRead(source);
        using var to = volume.Create(temporary, PrivateMode);
        for (long offset = 0; from.Read(block, offset) is > 0 and var count; offset += count)
        {
            to.Write(block.AsSpan(0, count), offset);
        }
    }

    private List<MergeEntry> Entries(string top)
    {
        var entries = new List<MergeEntry>();
        if (volume.Find(top) is not { Kind: EntryKind.Directory })
        {
            return entries;
        }
        var directories = new Stack<string>();
        directories.Push("");
        while (directories.TryPop(out var directory))
        {
            foreach (var entry in List(directory.Length == 0 ? top : $"{top}/{directory}"))
            {
                var path = directory.Length == 0 ? entry.Name : $"{directory}/{entry.Name}";
                if (path.Length > VolumeTrees.LongestPath)
                {
                    // Left out, and counted with what cannot be copied.
                    entries.Add(new MergeEntry(path, MergeKind.Special, 0));
                    continue;
                }
                entries.Add(new MergeEntry(path, Kind(entry.Kind), entry.Bytes));
                if (entry.Kind == EntryKind.Directory)
                {
                    directories.Push(path);
                }
            }
        }
        return entries;
    }

    private ImmutableArray<VolumeEntry> List(string directory)
    {
        try
        {
            return volume.List(directory);
        }
        catch (StorageException fault) when (live && fault.IsNotFound)
        {
            return [];
        }
    }

    private static MergeKind Kind(EntryKind kind) => kind switch
    {
        EntryKind.Special => MergeKind.Special,
        EntryKind.File => MergeKind.File,
        EntryKind.Directory => MergeKind.Directory,
        EntryKind.Link => MergeKind.Link,
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
