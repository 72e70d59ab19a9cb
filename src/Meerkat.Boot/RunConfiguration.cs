using System.Text.Json.Nodes;
using Meerkat.Boot.Posix;
using Meerkat.Core.Boot;
using Meerkat.Core.Protocol;
using Meerkat.Core.Settings;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>
/// The settings in force, as files: composed from a slot's layers, written to <c>run/config.json</c> for firmware and agent,
/// and the network's part of them kept in <c>boot/agent.json</c> at each commit.
/// </summary>
public static class RunConfiguration
{
    public const string Path = "run/config.json";
    public const string NetworkPath = "boot/agent.json";

    /// <summary>Copies of the files that <see cref="AccessSettings"/> named at the last commit.</summary>
    public const string AccessPath = "boot/access";

    /// <summary>A layer that is longer is damaged, and nothing longer is saved.</summary>
    public const int MostBytes = 1 << 20;

    /// <summary>A schema that is longer is damaged: the boot loader reads it, and must stay small.</summary>
    public const int MostSchemaBytes = 1 << 18;

    private const int FileMode = 0x1A0;
    private const int OwnMode = 0x180;
    private const int OwnDirectoryMode = 0x1C0;

    /// <summary>They say who may in, by the name of a file; <c>rpc.acl</c> only after an at sign.</summary>
    private static readonly string[] AccessSettings =
        ["http.auth_file", "http.ssl_cert", "http.ssl_key", "http.ssl_ca_cert", "rpc.auth_file", "rpc.acl", "rpc.acl_file"];

    private static readonly string[] NetworkGroups = ["http", "rpc", "mqtt", "update", "device"];

    /// <summary>What a start of a slot would have as settings, with what is left out of them and why.</summary>
    /// <param name="volume">The device's root.</param>
    /// <param name="board">Its board.</param>
    /// <param name="slot">None in recovery: then the network settings of the last commit are all there is.</param>
    public static MergedConfig Compose(IVolume volume, Board board, SlotId? slot) =>
        ConfigLayers.Merge(Layers(volume, board, slot, lasting: false), Schema(volume, slot));

    /// <summary>The layers of a slot, lowest first, with the board's pinned settings on top.</summary>
    /// <param name="volume">The device's root.</param>
    /// <param name="board">Its board.</param>
    /// <param name="slot">None in recovery.</param>
    /// <param name="lasting">Without the files that count for the next start only.</param>
    public static IReadOnlyList<ConfigLayer> Layers(IVolume volume, Board board, SlotId? slot, bool lasting)
    {
        var layers = new List<ConfigLayer>();
        if (slot is { } some)
        {
            foreach (var file in ConfigFiles.Choose(Names(volume, some, lasting)).Layers)
            {
                Add(layers, volume, file.Level, $"{SlotPaths.Files(some)}/{file.Name}", file.Name);
            }
        }
        else
        {
            Add(layers, volume, 0, NetworkPath, NetworkPath);
        }
        layers.Add(new ConfigLayer(ConfigLayer.Pinned, DeviceRoot.BoardPath, ConfigText.Format(board.Settings)));
        return layers;
    }

    /// <summary>The types and defaults of a slot's settings; the built-in ones when its own cannot be read.</summary>
    public static SettingSchema Schema(IVolume volume, SlotId? slot)
    {
        if (slot is not { } some)
        {
            return SettingSchema.BuiltIn;
        }
        var (text, fault) = Read(volume, $"{SlotPaths.Files(some)}/{SettingSchema.FileName}", MostSchemaBytes);
        return fault is not null ? SettingSchema.Damaged(fault) : text is not null ? SettingSchema.Parse(text) : SettingSchema.BuiltIn;
    }

    /// <summary>Where a slot's user settings are saved.</summary>
    public static string UserFile(IVolume volume, SlotId slot) => ConfigFiles.Choose(Names(volume, slot, lasting: true)).UserFile;

    /// <summary>Composes and publishes the settings in force; what was left out of them is logged.</summary>
    /// <returns>Whether they are published; otherwise what is there may be of another firmware.</returns>
    public static bool Write(IVolume volume, Board board, SlotId? slot, UserId reader, Action<string> log)
    {
        try
        {
            var merged = Compose(volume, board, slot);
            foreach (var problem in merged.Problems)
            {
                log($"configuration: {problem}");
            }
            Publish(volume, merged.Tree, reader);
            if (slot is { } some)
            {
                RemoveOneShots(volume, some);
            }
            return true;
        }
        catch (StorageException fault)
        {
            log($"configuration: {fault.Message}");
            // Another firmware's settings must not be taken for this one's.
            volume.TryRemove(Path);
            return false;
        }
    }

    /// <summary>Replaces <c>run/config.json</c> in one step; the firmware's group may read it.</summary>
    public static void Publish(IVolume volume, JsonObject settings, UserId reader)
    {
        volume.Replace(Path, ConfigText.Format(DeviceName.Filled(settings)), FileMode);
        volume.SetAttributes(Path, volume.Find(Path)!.Value.Attributes with { Group = reader.Group });
    }

    /// <summary>Keeps the network settings in force for recovery, and for a slot whose own fail.</summary>
    public static void KeepNetwork(IVolume volume)
    {
        if (ConfigText.Parse(volume.ReadSmall(Path, MostBytes)) is ConfigText.Parsed { Tree: var settings })
        {
            var kept = new JsonObject();
            foreach (var group in NetworkGroups.Where(settings.ContainsKey))
            {
                kept[group] = settings[group]?.DeepClone();
            }
            volume.Replace(NetworkPath, ConfigText.Format(kept), FileMode);
        }
    }

    /// <summary>
    /// Keeps the files that say who may in as they are in a slot: recovery has no other, and a device with passwords must neither be open
    /// in recovery nor shut for ever.
    /// </summary>
    /// <returns>What could not be kept, for people.</returns>
    public static IReadOnlyList<string> KeepAccess(IVolume volume, SlotId slot)
    {
        if (ConfigText.Parse(volume.ReadSmall(Path, MostBytes)) is not ConfigText.Parsed { Tree: var settings })
        {
            return [];
        }
        var problems = new List<string>();
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in AccessSettings)
        {
            var value = new SettingValues(settings).Text(key);
            var name = key != "rpc.acl" ? value : value.StartsWith('@') ? value[1..] : "";
            if (name.Length == 0)
            {
                continue;
            }
            try
            {
                if (volume.ReadSmall(FsPath.OnVolume(volume, slot, FsPath.Plain(name)), MostBytes) is { } content)
                {
                    volume.EnsureDirectory(AccessPath, OwnDirectoryMode);
                    volume.Replace(AccessCopy(name), content, OwnMode);
                    kept.Add(AccessCopy(name));
                }
            }
            catch (Exception fault) when (fault is StorageException or RpcException)
            {
                problems.Add($"{key}: {name} could not be kept for recovery: {fault.Message}");
            }
        }
        if (volume.Find(AccessPath) is not null)
        {
            foreach (var old in volume.List(AccessPath).Select(entry => $"{AccessPath}/{entry.Name}").Where(path => !kept.Contains(path)).ToList())
            {
                volume.TryRemove(old);
            }
        }
        return problems;
    }

    /// <summary>Where the copy of a file is kept.</summary>
    /// <param name="name">As a setting names it.</param>
    public static string AccessCopy(string name) => $"{AccessPath}/{Uri.EscapeDataString(FsPath.Plain(name))}";

    private static void Add(List<ConfigLayer> layers, IVolume volume, int level, string path, string name)
    {
        var (text, fault) = Read(volume, path, MostBytes);
        if (text is not null || fault is not null)
        {
            layers.Add(new ConfigLayer(level, name, text) { Unreadable = fault });
        }
    }

    /// <summary>A file's content, or why it cannot be read; neither when there is none.</summary>
    private static (byte[]? Text, string? Fault) Read(IVolume volume, string path, int mostBytes)
    {
        try
        {
            return volume.Find(path) switch
            {
                null => (null, null),
                { Kind: EntryKind.File, Bytes: var bytes } when bytes > mostBytes => (null, $"larger than {mostBytes} bytes: {bytes}"),
                { Kind: EntryKind.File } => (volume.ReadSmall(path, mostBytes), null),
                { Kind: EntryKind.Directory } => (null, "expected a file, found a directory"),
                { Kind: EntryKind.Link } => (null, "expected a file, found a link, which is not followed"),
                _ => (null, "expected a file, found a socket, a pipe or a device"),
            };
        }
        catch (StorageException fault)
        {
            return (null, fault.Message);
        }
    }

    /// <summary>What lies at the top of a slot's file system.</summary>
    private static HashSet<string> Names(IVolume volume, SlotId slot, bool lasting) =>
        volume.Find(SlotPaths.Files(slot)) is { Kind: EntryKind.Directory }
            ? volume.List(SlotPaths.Files(slot))
                // What is no file is damage that is told of, except where it would stand in for a file.
                .Where(entry => !ConfigFiles.IsOneShot(entry.Name) || (!lasting && entry.Kind == EntryKind.File))
                .Select(entry => entry.Name)
                .ToHashSet(StringComparer.Ordinal)
            : [];

    private static void RemoveOneShots(IVolume volume, SlotId slot)
    {
        var names = Names(volume, slot, lasting: false).Where(ConfigFiles.IsOneShot).ToList();
        foreach (var name in names)
        {
            volume.Remove($"{SlotPaths.Files(slot)}/{name}");
        }
        if (names.Count > 0)
        {
            // Before the firmware starts: a setting that takes the power with it must not be tried again.
            volume.FlushDirectory(SlotPaths.Files(slot));
        }
    }
}
