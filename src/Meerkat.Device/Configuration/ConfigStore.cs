using System.Text.Json.Nodes;
using Meerkat.Boot;
using Meerkat.Boot.Posix;
using Meerkat.Core.Access;
using Meerkat.Core.Health;
using Meerkat.Core.Protocol;
using Meerkat.Core.Settings;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Device.Configuration;

/// <summary>
/// The settings in force. A change is published to <c>run/config.json</c> at once, for the firmware, and read at once by what asks for
/// its settings each time; what was set up at the start (the address listened on, the device's id) changes with the next restart.
/// </summary>
public sealed class ConfigStore
{
    private const int MostBytes = 1 << 20;

    private readonly DeviceRoot device;
    private readonly SlotId? slot;
    private readonly UserId owner;
    private readonly OwnedFiles? files;
    private readonly JsonObject pinned;
    private readonly Lock gate = new();
    private volatile Settings now;

    /// <param name="device">The device's root.</param>
    /// <param name="slot">The running slot; none in recovery.</param>
    /// <param name="files">The slot's files; none in recovery.</param>
    /// <param name="owner">Who the firmware runs as and may read the settings.</param>
    /// <param name="published">What is in <c>run/config.json</c> is of this slot, not of another firmware.</param>
    public ConfigStore(DeviceRoot device, SlotId? slot, OwnedFiles? files, UserId owner, bool published = true)
    {
        this.device = device;
        this.slot = slot;
        this.files = files;
        this.owner = owner;
        pinned = device.Board.Settings.DeepClone().AsObject();
        // What the boot loader wrote counts, with what was set since and not saved; the layers only stand in for it.
        var plain = published && ConfigText.Parse(device.Volume.ReadSmall(RunConfiguration.Path, MostBytes)) is ConfigText.Parsed { Tree.Count: > 0 } found
            ? PinnedSettings.Without(found.Tree, pinned, Below(ConfigLayer.Pinned))
            : Below(ConfigLayer.Pinned);
        now = With(plain);
    }

    /// <summary>The settings in force are others than before. Raised in the thread that set them, after they are in force.</summary>
    public event EventHandler? Changed;

    /// <summary>Typed reading of the settings in force at this moment.</summary>
    public SettingValues Values => now.Values;

    /// <summary>The value or sub-tree at a key, a copy.</summary>
    /// <param name="key">Dotted; empty for all.</param>
    /// <param name="level">0 to 8: what the layers up to it give; otherwise the settings in force.</param>
    /// <exception cref="RpcException">404: there is no such key.</exception>
    public JsonNode? Get(string key, long? level)
    {
        JsonObject tree;
        if (level is { } some and < ConfigLayer.User)
        {
            lock (gate)
            {
                tree = Below((int)some + 1);
            }
        }
        else
        {
            tree = now.Live;
        }
        return ConfigPath.TryGet(tree, key, out var value)
            ? value?.DeepClone()
            : throw new RpcException(RpcErrorCode.NotFound, $"invalid config key: there is no {key}");
    }

    /// <summary>Changes the settings in force, all keys or none, and saves them where that is wished.</summary>
    /// <param name="change">A tree of what is to be changed.</param>
    /// <param name="save">Whether the user's file is written.</param>
    /// <param name="once">Saved for the next boot only.</param>
    /// <exception cref="RpcException">What is wrong with the change, or why it could not be saved.</exception>
    public void Set(JsonObject change, bool save, bool once)
    {
        lock (gate)
        {
            if (PinnedSettings.FirstChanged(change, pinned, now.Live) is { } key)
            {
                throw new RpcException(
                    RpcErrorCode.BadRequest, $"invalid config value: [{key}] is set in board.json and cannot be changed here");
            }
            var changed = ConfigLayers.Apply(now.Plain, change, "Config.Set");
            if (changed.Problems is [var problem, ..])
            {
                throw new RpcException(RpcErrorCode.BadRequest, $"invalid config value: {problem.Text}");
            }
            // Whoever sends the whole configuration back names the pinned keys too; they are not the user's wish.
            var next = With(PinnedSettings.Without(changed.Tree, pinned, now.Plain));
            if (ListenAddress.Parse(next.Values.Text("http.listen_addr")) is ListenAddress.Rejected rejected)
            {
                throw new RpcException(RpcErrorCode.BadRequest, $"invalid config value: {rejected.Reason}");
            }
            if (HealthContractParser.OfKeys(next.Values) is HealthReading.Damaged damaged && HealthContractParser.OfKeys(now.Values) is not HealthReading.Damaged)
            {
                throw new RpcException(RpcErrorCode.BadRequest, $"invalid config value: {damaged.Problem}");
            }
            if (save)
            {
                Write(next, once);
            }
            Publish(next);
            now = next;
        }
        Changed?.Invoke(this, EventArgs.Empty);
    }

    /// <summary>Writes the user's file: what differs from the layers below it.</summary>
    /// <exception cref="RpcException">Why it could not be saved.</exception>
    public void Save(bool once)
    {
        lock (gate)
        {
            Write(now, once);
        }
    }

    private void Write(Settings settings, bool once)
    {
        if (slot is not { } some || files is null)
        {
            throw new RpcException(
                RpcErrorCode.Failed, "error saving config: no firmware is running (recovery), so there is no file to save to");
        }
        var difference = ConfigDiff.Diff(settings.Plain, Below(ConfigLayer.User));
        try
        {
            var name = RunConfiguration.Files(device.Volume, some).UserFile;
            files.Replace(once ? name + ConfigFiles.OneShotSuffix : name, ConfigText.Format(difference));
        }
        catch (StorageException fault)
        {
            throw new RpcException(RpcErrorCode.Failed, $"error saving config: {fault.Message}");
        }
    }

    private void Publish(Settings settings)
    {
        try
        {
            RunConfiguration.Publish(device.Volume, settings.Live, owner);
        }
        catch (StorageException fault)
        {
            throw new RpcException(RpcErrorCode.Failed, $"the firmware could not be told: {fault.Message}");
        }
    }

    /// <summary>What the layers below a level give, without what the board pins.</summary>
    private JsonObject Below(int level) => ConfigLayers
        .Merge(RunConfiguration.Layers(device.Volume, device.Board, slot)
            .Where(layer => layer.Level < level && layer.Level != ConfigLayer.Pinned))
        .Tree;

    private Settings With(JsonObject plain)
    {
        ConfigLayer[] layers =
        [
            new(0, "settings in force", ConfigText.Format(plain)),
            new(ConfigLayer.Pinned, DeviceRoot.BoardPath, ConfigText.Format(pinned)),
        ];
        var live = ConfigLayers.Merge(layers).Tree;
        return new Settings(plain, live, new SettingValues(live));
    }

    /// <param name="Plain">Without what the board pins: what may be saved.</param>
    /// <param name="Live">What is in force. Both are never changed once they are here.</param>
    /// <param name="Values">Reads <paramref name="Live"/>.</param>
    private sealed record Settings(JsonObject Plain, JsonObject Live, SettingValues Values);
}
