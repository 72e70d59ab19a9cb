using System.Collections.Immutable;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Meerkat.Storage;

namespace Meerkat.Simulator.Medium;

/// <summary>
/// A medium that does to unflushed changes what POSIX lets a crash do: see <c>docs/crash-model.md</c> for its rules and their sources.
/// Stricter than a disk: misuse throws <see cref="MisuseException"/>. Every change is one operation, counted and told before it happens.
/// Not to be used by two threads at once.
/// </summary>
public sealed class SimVolume : IVolume
{
    private const int NotFound = 2;
    private const int Exists = 17;
    private const int NotDirectory = 20;
    private const int IsDirectory = 21;
    private const int Invalid = 22;
    private const int NoSpace = 28;
    private const int Loop = 40;
    private const int NotEmpty = 39;

    /// <summary>What every file, directory and link takes besides its bytes.</summary>
    private const int NodeBytes = 256;

    private readonly Func<DateTimeOffset> clock;
    private readonly SimNode root;
    private readonly List<PendingChange> pending;
    private long used;

    /// <summary>An empty medium.</summary>
    /// <param name="capacityBytes">All that fits on it.</param>
    /// <param name="clock">Gives files their times.</param>
    public SimVolume(long capacityBytes, Func<DateTimeOffset> clock)
        : this(capacityBytes, clock, new SimNode(EntryKind.Directory) { Attributes = new EntryAttributes(0x1ED, 0, 0, default) }, [])
    {
    }

    private SimVolume(long capacityBytes, Func<DateTimeOffset> clock, SimNode root, List<PendingChange> pending)
    {
        CapacityBytes = capacityBytes;
        this.clock = clock;
        this.root = root;
        this.pending = pending;
        used = Used(root);
    }

    /// <summary>May be changed: space can vanish and come back.</summary>
    public long CapacityBytes { get; set; }

    public long FreeBytes => Math.Max(0, CapacityBytes - used);

    /// <summary>Changes and flushes so far.</summary>
    public int Operations { get; private set; }

    /// <summary>Told of every change and flush before it happens; what it is, for people.</summary>
    public Action<string>? BeforeOperation { get; set; }

    /// <summary>How many changes no flush has made durable.</summary>
    public int PendingCount => pending.Count;

    /// <summary>The changes that no flush has made durable, oldest first, for people.</summary>
    public IEnumerable<string> PendingTexts => pending.Select(change => change.Text);

    public VolumeEntry? Find(string path)
    {
        var node = Walk(path);
        return node is null ? null : Entry(path.AsSpan(path.LastIndexOf('/') + 1).ToString(), node);
    }

    public ImmutableArray<VolumeEntry> List(string path)
    {
        var directory = Directory("list", path);
        var entries = new VolumeEntry[directory.Names.Count];
        var index = 0;
        foreach (var (name, node) in directory.Names)
        {
            entries[index++] = Entry(name, node);
        }
        Array.Sort(entries, static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        return ImmutableCollectionsMarshal.AsImmutableArray(entries);
    }

    public IVolumeFile OpenRead(string path) => new SimFile(this, File("open", path), path, mayWrite: false);

    public IVolumeFile OpenWrite(string path) => new SimFile(this, File("open", path), path, mayWrite: true);

    public IVolumeFile Create(string path, int mode)
    {
        var file = Add("create", path, new SimNode(EntryKind.File) { Attributes = Fresh(mode) });
        return new SimFile(this, file, path, mayWrite: true);
    }

    public void CreateDirectory(string path, int mode) =>
        Add("create", path, new SimNode(EntryKind.Directory) { Attributes = Fresh(mode) });

    public void CreateLink(string path, string target) =>
        Add("create", path, new SimNode(EntryKind.Link) { Attributes = Fresh(0x1FF), Target = target });

    public string ReadLink(string path) => Walk(path) switch
    {
        { Kind: EntryKind.Link } link => link.Target,
        null => throw new StorageException("read", path, NotFound),
        _ => throw new StorageException("read", path, Invalid),
    };

    public void Rename(string from, string to)
    {
        var (source, sourceName) = Place("rename", from);
        var (target, targetName) = Place("rename", to);
        if (!source.Names.TryGetValue(sourceName, out var node))
        {
            throw new StorageException("rename", $"{from} to {to}", NotFound);
        }
        Told($"rename {from} to {to}");
        if (target.Names.TryGetValue(targetName, out var replaced))
        {
            if (replaced == node)
            {
                return;
            }
            Demand(replaced.Open == 0, $"rename over the open file {to}");
            if (replaced.Kind == EntryKind.Directory && replaced.Names.Count > 0)
            {
                throw new StorageException("rename", $"{from} to {to}", NotEmpty);
            }
            if ((replaced.Kind == EntryKind.Directory) != (node.Kind == EntryKind.Directory))
            {
                throw new StorageException("rename", $"{from} to {to}", node.Kind == EntryKind.Directory ? NotDirectory : IsDirectory);
            }
            Unlinked(replaced);
        }
        source.Names.Remove(sourceName);
        target.Names[targetName] = node;
        pending.Add(new PendingChange.Rename(source, sourceName, target, targetName, node, to));
    }

    public void Remove(string path)
    {
        var (directory, name) = Place("remove", path);
        if (!directory.Names.TryGetValue(name, out var node))
        {
            throw new StorageException("remove", path, NotFound);
        }
        Demand(node.Open == 0, $"removal of the open file {path}");
        if (node.Kind == EntryKind.Directory && node.Names.Count > 0)
        {
            throw new StorageException("remove", path, NotEmpty);
        }
        Told($"remove {path}");
        directory.Names.Remove(name);
        Unlinked(node);
        pending.Add(new PendingChange.Name(directory, path, name, null));
    }

    public void SetAttributes(string path, EntryAttributes attributes)
    {
        var node = Walk(path) ?? throw new StorageException("set the mode of", path, NotFound);
        Told($"attributes of {path}");
        node.Attributes = attributes;
        pending.Add(new PendingChange.Attributes(node, path, attributes));
    }

    public void FlushDirectory(string path)
    {
        var directory = Directory("flush", path);
        Told($"flush of the names in {(path.Length == 0 ? "the root" : path)}");
        for (var index = 0; index < pending.Count; index++)
        {
            switch (pending[index])
            {
                case PendingChange.Name name when name.Directory == directory:
                    Apply(name);
                    pending.RemoveAt(index--);
                    break;
                case PendingChange.Attributes attributes when attributes.Node == directory
                    || (attributes.Node.Kind == EntryKind.Link && directory.Names.ContainsValue(attributes.Node)):
                    Apply(attributes);
                    pending.RemoveAt(index--);
                    break;
                case PendingChange.Rename rename when rename.From == directory:
                    Apply(rename);
                    pending.RemoveAt(index--);
                    break;
                case PendingChange.Rename rename when rename.To == directory:
                    // The new name is durable; the old one may come back until its own directory is flushed.
                    directory.DurableNames[rename.ToName] = rename.Node;
                    pending[index] = new PendingChange.OldName(rename.From, rename.FromName, rename.Node, rename.Path);
                    break;
                case PendingChange.OldName old when old.Directory == directory:
                    Apply(old);
                    pending.RemoveAt(index--);
                    break;
                default:
                    break;
            }
        }
        ForgetUnreachable();
    }

    /// <summary>A copy that shares nothing that changes, with the same changes not durable.</summary>
    public SimVolume Copy()
    {
        var copies = new Dictionary<SimNode, SimNode>(ReferenceEqualityComparer.Instance);
        var top = CopyNode(root, copies);
        return new SimVolume(CapacityBytes, clock, top, pending.ConvertAll(change => CopyChange(change, copies)));
    }

    /// <summary>What is found after a crash: all that was durable, and of the rest what the outcome says. All of it is durable.</summary>
    /// <param name="outcome">What the crash keeps.</param>
    /// <param name="newClock">Gives files their times from then on.</param>
    public SimVolume AfterCrash(CrashOutcome outcome, Func<DateTimeOffset> newClock)
    {
        var copy = Copy();
        for (var index = 0; index < copy.pending.Count; index++)
        {
            copy.Keep(copy.pending[index], index, outcome);
        }
        copy.pending.Clear();
        Settle(copy.root, new HashSet<SimNode>(ReferenceEqualityComparer.Instance));
        return new SimVolume(CapacityBytes, newClock, copy.root, []);
    }

    /// <summary>The family of outcomes that are tried of one cut.</summary>
    /// <param name="few">Only the plainest.</param>
    public IEnumerable<CrashOutcome> Outcomes(bool few = false)
    {
        yield return CrashOutcome.Nothing;
        if (pending.Count == 0)
        {
            yield break;
        }
        yield return CrashOutcome.Everything;
        for (var index = 0; index < pending.Count; index++)
        {
            if (pending.Count > 1 && !few && !CameAndWent(pending[index]))
            {
                yield return new CrashOutcome(CrashKind.Only, index);
                yield return new CrashOutcome(CrashKind.AllBut, index);
            }
            if (pending[index] is not PendingChange.Write { Bytes.Length: > 1 and var length } write || (few && index < pending.Count - 1))
            {
                continue;
            }
            yield return new CrashOutcome(CrashKind.Torn, index, length / 2);
            if (few)
            {
                continue;
            }
            yield return new CrashOutcome(CrashKind.Torn, index, 1);
            yield return new CrashOutcome(CrashKind.Torn, index, length - 1);
            yield return new CrashOutcome(CrashKind.TornAmongAll, index, length / 2);
            yield return new CrashOutcome(CrashKind.Tail, index, length / 2);
            if (write.Offset + length > write.File.DurableBytes.Length)
            {
                yield return new CrashOutcome(CrashKind.Zeros, index);
            }
        }
    }

    /// <summary>The same for the same entries, whatever led to them; of what programs see, times left out.</summary>
    internal UInt128 Fingerprint()
    {
        UInt128 sum = 0;
        Visit("", (path, node) =>
        {
            unchecked
            {
                sum += Fingerprint(path, node.Kind, node.Attributes.Mode, node.Bytes, node.Target);
            }
        });
        return sum;
    }

    internal static UInt128 Fingerprint(string path, EntryKind kind, int mode, byte[] bytes, string target)
    {
        var hash = XxHash128.HashToUInt128(MemoryMarshal.AsBytes(path.AsSpan()), ((long)kind << 32) | (uint)mode);
        hash ^= XxHash128.HashToUInt128(bytes, 1);
        return target.Length == 0 ? hash : hash ^ XxHash128.HashToUInt128(MemoryMarshal.AsBytes(target.AsSpan()), 2);
    }

    /// <summary>
    /// A temporary name of something that is durable under its own: whether it comes back is tried with all of them at once, not with
    /// each alone.
    /// </summary>
    private bool CameAndWent(PendingChange change) => change switch
    {
        PendingChange.OldName => true,
        PendingChange.Name { Node: not null } made => pending.Exists(
            other => other is PendingChange.OldName old && old.Directory == made.Directory && old.Called == made.Called),
        _ => false,
    };

    /// <summary>All that programs see, path by path; directories end with a slash.</summary>
    internal void Visit(string path, Action<string, SimNode> see)
    {
        if (Walk(path) is { Kind: EntryKind.Directory } top)
        {
            Visit(top, "", see);
        }
    }

    internal SimNode? Walk(ReadOnlySpan<char> path)
    {
        var node = root;
        while (!path.IsEmpty)
        {
            if (node.Kind != EntryKind.Directory)
            {
                return null;
            }
            var slash = path.IndexOf('/');
            var name = slash < 0 ? path : path[..slash];
            path = slash < 0 ? [] : path[(slash + 1)..];
            if (!node.Names.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var next))
            {
                return null;
            }
            node = next;
        }
        return node;
    }

    internal void Write(SimNode file, string path, ReadOnlySpan<byte> bytes, long offset)
    {
        Told($"write {bytes.Length} bytes at {offset} of {path}");
        var room = CapacityBytes - used;
        var growth = offset + bytes.Length - file.Bytes.Length;
        var fits = growth <= room ? bytes.Length : (int)Math.Max(0, bytes.Length - (growth - room));
        if (fits > 0)
        {
            var written = bytes[..fits].ToArray();
            used += Math.Max(0, offset + fits - file.Bytes.Length);
            file.Bytes = Overwrite(file.Bytes, written, (int)offset);
            file.Attributes = file.Attributes with { Modified = clock() };
            pending.Add(new PendingChange.Write(file, path, (int)offset, written));
        }
        if (fits < bytes.Length)
        {
            throw new StorageException("write", path, NoSpace);
        }
    }

    internal void Truncate(SimNode file, string path, long length)
    {
        Told($"truncate {path} to {length} bytes");
        var growth = length - file.Bytes.Length;
        if (growth > CapacityBytes - used)
        {
            throw new StorageException("truncate", path, NoSpace);
        }
        used += growth;
        var bytes = file.Bytes;
        Array.Resize(ref bytes, (int)length);
        file.Bytes = bytes;
        pending.Add(new PendingChange.Truncate(file, path, (int)length));
    }

    internal void Flush(SimNode file, string path)
    {
        Told($"flush {path}");
        file.DurableBytes = file.Bytes;
        file.DurableAttributes = file.Attributes;
        pending.RemoveAll(change => change switch
        {
            PendingChange.Write write => write.File == file,
            PendingChange.Truncate truncate => truncate.File == file,
            PendingChange.Attributes attributes => attributes.Node == file,
            _ => false,
        });
    }

    internal static void Demand(bool condition, string misuse)
    {
        if (!condition)
        {
            throw new MisuseException(misuse);
        }
    }

    private void Told(string operation)
    {
        BeforeOperation?.Invoke(operation);
        Operations++;
    }

    private SimNode Add(string verb, string path, SimNode node)
    {
        var (directory, name) = Place(verb, path);
        if (directory.Names.ContainsKey(name))
        {
            throw new StorageException(verb, path, Exists);
        }
        Told($"create {path}");
        if (CapacityBytes - used < NodeBytes)
        {
            throw new StorageException(verb, path, NoSpace);
        }
        used += NodeBytes;
        node.DurableAttributes = node.Attributes;
        directory.Names.Add(name, node);
        pending.Add(new PendingChange.Name(directory, path, name, node));
        return node;
    }

    private (SimNode Directory, string Name) Place(string verb, string path)
    {
        var slash = path.LastIndexOf('/');
        return (Directory(verb, slash < 0 ? "" : path[..slash]), path[(slash + 1)..]);
    }

    private SimNode Directory(string verb, string path) => Walk(path) switch
    {
        { Kind: EntryKind.Directory } directory => directory,
        null => throw new StorageException(verb, path, NotFound),
        _ => throw new StorageException(verb, path, NotDirectory),
    };

    private SimNode File(string verb, string path) => Walk(path) switch
    {
        { Kind: EntryKind.File } file => file,
        { Kind: EntryKind.Link } => throw new StorageException(verb, path, Loop),
        { Kind: EntryKind.Directory } => throw new StorageException(verb, path, IsDirectory),
        _ => throw new StorageException(verb, path, NotFound),
    };

    private EntryAttributes Fresh(int mode) => new(mode, 0, 0, clock());

    private static VolumeEntry Entry(string name, SimNode node) =>
        new(name, node.Kind, node.Kind == EntryKind.File ? node.Bytes.Length : 0, node.Attributes);

    private void Unlinked(SimNode node) => used -= NodeBytes + node.Bytes.Length;

    private static long Used(SimNode node)
    {
        long bytes = NodeBytes + node.Bytes.Length;
        foreach (var below in node.Names.Values)
        {
            bytes += Used(below);
        }
        return bytes;
    }

    private static void Visit(SimNode directory, string prefix, Action<string, SimNode> see)
    {
        foreach (var (name, node) in directory.Names)
        {
            see(prefix + name, node);
            if (node.Kind == EntryKind.Directory)
            {
                Visit(node, prefix + name + "/", see);
            }
        }
    }

    private static byte[] Overwrite(byte[] old, ReadOnlySpan<byte> bytes, int offset)
    {
        var result = new byte[Math.Max(old.Length, offset + bytes.Length)];
        old.CopyTo(result, 0);
        bytes.CopyTo(result.AsSpan(offset));
        return result;
    }

    private void Keep(PendingChange change, int index, CrashOutcome outcome)
    {
        var kept = outcome.Kind switch
        {
            CrashKind.Nothing => false,
            CrashKind.Everything => true,
            CrashKind.Only => index == outcome.Index,
            CrashKind.AllBut => index != outcome.Index,
            CrashKind.Torn => index <= outcome.Index,
            CrashKind.Subset => Coin(outcome.Index, index),
            _ => true,
        };
        if (!kept)
        {
            return;
        }
        if (index == outcome.Index && change is PendingChange.Write write)
        {
            change = outcome.Kind switch
            {
                CrashKind.Torn or CrashKind.TornAmongAll => write with { Bytes = write.Bytes[..outcome.Bytes] },
                CrashKind.Tail => write with { Offset = write.Offset + outcome.Bytes, Bytes = write.Bytes[outcome.Bytes..] },
                CrashKind.Zeros => new PendingChange.Truncate(
                    write.File, write.Path, Math.Max(write.File.DurableBytes.Length, write.Offset + write.Bytes.Length)),
                _ => change,
            };
        }
        Apply(change);
    }

    /// <summary>The same for the same numbers: the last bit of a well mixed product.</summary>
    private static bool Coin(int seed, int index)
    {
        unchecked
        {
            var mixed = ((ulong)(uint)seed << 32 | (uint)index) * 0x9E3779B97F4A7C15;
            return ((mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9 >> 63) != 0;
        }
    }

    private static void Apply(PendingChange change)
    {
        switch (change)
        {
            case PendingChange.Write write:
                write.File.DurableBytes = Overwrite(write.File.DurableBytes, write.Bytes, write.Offset);
                break;
            case PendingChange.Truncate truncate:
                var bytes = truncate.File.DurableBytes;
                Array.Resize(ref bytes, truncate.Length);
                truncate.File.DurableBytes = bytes;
                break;
            case PendingChange.Attributes attributes:
                attributes.Node.DurableAttributes = attributes.To;
                break;
            case PendingChange.Name { Node: { } made } name:
                name.Directory.DurableNames[name.Called] = made;
                break;
            case PendingChange.Name name:
                name.Directory.DurableNames.Remove(name.Called);
                break;
            case PendingChange.Rename rename:
                if (rename.From.DurableNames.GetValueOrDefault(rename.FromName) == rename.Node)
                {
                    rename.From.DurableNames.Remove(rename.FromName);
                }
                rename.To.DurableNames[rename.ToName] = rename.Node;
                break;
            case PendingChange.OldName old:
                if (old.Directory.DurableNames.GetValueOrDefault(old.Called) == old.Node)
                {
                    old.Directory.DurableNames.Remove(old.Called);
                }
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>What happened in a directory that no crash brings back needs no remembering.</summary>
    private void ForgetUnreachable()
    {
        if (pending.Count == 0)
        {
            return;
        }
        var reachable = new HashSet<SimNode>(ReferenceEqualityComparer.Instance);
        Reach(root, reachable);
        for (var before = -1; before != reachable.Count;)
        {
            before = reachable.Count;
            foreach (var change in pending)
            {
                if (change is PendingChange.Name { Node: { } made } name && reachable.Contains(name.Directory))
                {
                    Reach(made, reachable);
                }
                else if (change is PendingChange.Rename rename && (reachable.Contains(rename.To) || reachable.Contains(rename.From)))
                {
                    Reach(rename.Node, reachable);
                    Reach(rename.To, reachable);
                }
            }
        }
        pending.RemoveAll(change => !reachable.Contains(change switch
        {
            PendingChange.Write write => write.File,
            PendingChange.Truncate truncate => truncate.File,
            PendingChange.Attributes attributes => attributes.Node,
            PendingChange.Name name => name.Directory,
            PendingChange.OldName old => old.Directory,
            PendingChange.Rename rename => rename.To,
            _ => throw new System.Diagnostics.UnreachableException(),
        }));
    }

    private static void Reach(SimNode node, HashSet<SimNode> reachable)
    {
        if (!reachable.Add(node))
        {
            return;
        }
        foreach (var below in node.Names.Values)
        {
            Reach(below, reachable);
        }
        foreach (var below in node.DurableNames.Values)
        {
            Reach(below, reachable);
        }
    }

    /// <summary>What was durable is what programs see.</summary>
    private static void Settle(SimNode node, HashSet<SimNode> seen)
    {
        if (!seen.Add(node))
        {
            return;
        }
        node.Attributes = node.DurableAttributes;
        node.Bytes = node.DurableBytes;
        node.Open = 0;
        if (node.Kind == EntryKind.Directory)
        {
            node.Names = new Dictionary<string, SimNode>(node.DurableNames, StringComparer.Ordinal);
            foreach (var below in node.Names.Values)
            {
                Settle(below, seen);
            }
        }
    }

    private static SimNode CopyNode(SimNode node, Dictionary<SimNode, SimNode> copies)
    {
        if (copies.TryGetValue(node, out var made))
        {
            return made;
        }
        var copy = new SimNode(node.Kind)
        {
            Attributes = node.Attributes,
            DurableAttributes = node.DurableAttributes,
            Bytes = node.Bytes,
            DurableBytes = node.DurableBytes,
            Target = node.Target,
        };
        copies.Add(node, copy);
        foreach (var (name, below) in node.Names)
        {
            copy.Names.Add(name, CopyNode(below, copies));
        }
        foreach (var (name, below) in node.DurableNames)
        {
            copy.DurableNames.Add(name, CopyNode(below, copies));
        }
        return copy;
    }

    private static PendingChange CopyChange(PendingChange change, Dictionary<SimNode, SimNode> copies) => change switch
    {
        PendingChange.Write write => write with { File = CopyNode(write.File, copies) },
        PendingChange.Truncate truncate => truncate with { File = CopyNode(truncate.File, copies) },
        PendingChange.Attributes attributes => attributes with { Node = CopyNode(attributes.Node, copies) },
        PendingChange.Name name => name with
        {
            Directory = CopyNode(name.Directory, copies),
            Node = name.Node is { } node ? CopyNode(node, copies) : null,
        },
        PendingChange.OldName old => old with { Directory = CopyNode(old.Directory, copies), Node = CopyNode(old.Node, copies) },
        PendingChange.Rename rename => rename with
        {
            From = CopyNode(rename.From, copies),
            To = CopyNode(rename.To, copies),
            Node = CopyNode(rename.Node, copies),
        },
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
