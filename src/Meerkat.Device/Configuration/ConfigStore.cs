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
    private const int MostShown = 100;

    private readonly DeviceRoot device;
    private readonly SlotId? slot;
    private readonly UserId owner;
    private readonly OwnedFiles? files;
    private readonly JsonObject pinned;
    private readonly SettingSchema schema;
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
        schema = RunConfiguration.Schema(device.Volume, slot);
        var layers = Below(ConfigLayer.Pinned);
        // What the boot loader wrote counts, with what was set since and not saved; the layers only stand in for it.
        var plain = published && ConfigText.Parse(device.Volume.ReadSmall(RunConfiguration.Path, RunConfiguration.MostBytes)) is ConfigText.Parsed { Tree.Count: > 0 } found
            ? PinnedSettings.Without(found.Tree, pinned, layers)
            : layers;
        now = With(WithPlaceholders(plain, layers));
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
            : throw new RpcException(RpcErrorCode.NotFound, $"invalid config key: there is no {(key.Length > MostShown ? key[..MostShown] + "…" : key)}");
    }

    /// <summary>Every setting that has a type, with its value in force and where that was set.</summary>
    public IReadOnlyList<SettingInForce> Describe()
    {
        lock (gate)
        {
            var merged = ConfigLayers.Merge(RunConfiguration.Layers(device.Volume, device.Board, slot, lasting: true), schema);
            var lasting = DeviceName.Filled(merged.Tree);
            return [.. schema.All.Select(setting => SettingInForce.Of(setting, now.Live, lasting, merged.Origins))];
        }
    }

    /// <summary>What a start now would leave out of the settings, and why.</summary>
    public IReadOnlyList<ConfigProblem> Problems()
    {
        lock (gate)
        {
            return RunConfiguration.Compose(device.Volume, device.Board, slot).Problems;
        }
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
            // Whoever sends the whole configuration back names the pinned keys too; they are not the user's wish.
            var next = With(PinnedSettings.Without(WithChange(now.Plain, change), pinned, now.Plain));
            if (Exposure.Of(next.Values).Refusal(device.Board.Open) is { } open && Exposure.Of(now.Values).Refusal(device.Board.Open) is null)
            {
                throw new RpcException(RpcErrorCode.BadRequest, $"invalid config value: {open}");
            }
            if (HealthContractParser.OfKeys(next.Values) is HealthReading.Damaged damaged && HealthContractParser.OfKeys(now.Values) is not HealthReading.Damaged)
            {
                throw new RpcException(RpcErrorCode.BadRequest, $"invalid config value: {damaged.Problem}");
            }
            if (save)
            {
                Write(next.Plain, ConfigLayer.User, once);
            }
            Publish(next);
            now = next;
        }
        Changed?.Invoke(this, EventArgs.Empty);
    }

    /// <summary>
    /// Changes what the vendor's layers up to a level give, all keys or none. The settings in force stay as they are until the next
    /// start.
    /// </summary>
    /// <param name="change">A tree of what is to be changed.</param>
    /// <param name="level">1 to 8.</param>
    /// <param name="save">Without it the change is only looked at.</param>
    /// <param name="once">Saved for the next boot only.</param>
    /// <exception cref="RpcException">What is wrong with the change, or why it could not be saved.</exception>
    public void SetLevel(JsonObject change, int level, bool save, bool once)
    {
        lock (gate)
        {
            var changed = WithChange(Below(level + 1), change);
            if (save)
            {
                Write(changed, level, once);
            }
        }
    }

    /// <summary>Writes the user's file: what differs from the layers below it.</summary>
    /// <exception cref="RpcException">Why it could not be saved.</exception>
    public void Save(bool once)
    {
        lock (gate)
        {
            Write(now.Plain, ConfigLayer.User, once);
        }
    }

    /// <summary>Settings with a change that may be made now: the access list in force decides, whatever is changed.</summary>
    private JsonObject WithChange(JsonObject settings, JsonObject change)
    {
        if (PinnedSettings.FirstChanged(change, pinned, now.Live) is { } key)
        {
            throw Invalid($"[{key}] is set in board.json and cannot be changed here");
        }
        var changed = ConfigLayers.Apply(settings, change, "Config.Set", schema, ConfigAcl.Of(now.Plain));
        if (changed.Problems is [var problem, ..])
        {
            throw Invalid(problem.Text);
        }
        var address = new SettingValues(changed.Tree).Text("http.listen_addr");
        if (address != new SettingValues(settings).Text("http.listen_addr") && ListenAddress.Parse(address) is ListenAddress.Rejected rejected)
        {
            throw Invalid(rejected.Reason);
        }
        return changed.Tree;
    }

    private void Write(JsonObject settings, int level, bool once)
    {
        if (slot is not { } some || files is null)
        {
            throw NotSaved("no firmware is running (recovery), so there is no file to save to");
        }
        var below = Below(level);
        var difference = ConfigDiff.Diff(settings, below);
        if (ConfigLayers.Apply(below, difference, "", schema, ConfigAcl.Of(below)).Problems is [var problem, ..])
        {
            // It would be in the file and left out at the next start.
            throw NotSaved($"the levels below do not let level {level} have it: {problem.Text}");
        }
        try
        {
            var name = level == ConfigLayer.User ? RunConfiguration.UserFile(device.Volume, some) : ConfigFiles.FileOf(level);
            files.Replace(once ? name + ConfigFiles.OneShotSuffix : name, Bounded(ConfigText.Format(difference)));
            if (!once)
            {
                files.Remove(name + ConfigFiles.OneShotSuffix);
            }
        }
        catch (StorageException fault)
        {
            throw NotSaved(fault.Message);
        }
    }

    /// <summary>Nothing is written that would count as damaged when it is read again.</summary>
    private static byte[] Bounded(byte[] text) => text.Length <= RunConfiguration.MostBytes && ConfigText.Parse(text) is ConfigText.Parsed
        ? text
        : throw Invalid($"the settings would be larger than {RunConfiguration.MostBytes} bytes, or deeper than {RpcFrame.MaxDepth} levels");

    private static RpcException Invalid(string reason) => new(RpcErrorCode.BadRequest, "invalid config value: " + reason);

    private static RpcException NotSaved(string reason) => new(RpcErrorCode.Failed, "error saving config: " + reason);

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

    /// <summary>What the layers below a level give, without what the board pins and what counts for one start only.</summary>
    private JsonObject Below(int level) => ConfigLayers
        .Merge(
            RunConfiguration.Layers(device.Volume, device.Board, slot, lasting: true)
                .Where(layer => layer.Level < level && layer.Level != ConfigLayer.Pinned),
            schema)
        .Tree;

    /// <summary>What was published has the digits in the place of question marks; saved are the marks.</summary>
    private static JsonObject WithPlaceholders(JsonObject published, JsonObject layers)
    {
        if (ConfigPath.TryGet(layers, DeviceName.Key, out var written)
            && ConfigPath.TryGet(DeviceName.Filled(layers), DeviceName.Key, out var filled)
            && ConfigPath.TryGet(published, DeviceName.Key, out var found) && JsonNode.DeepEquals(filled, found))
        {
            ConfigPath.TrySet(published, DeviceName.Key, written?.DeepClone());
        }
        return published;
    }

    private Settings With(JsonObject plain)
    {
        ConfigLayer[] layers =
        [
            new(0, "settings in force", Bounded(ConfigText.Format(plain))),
            new(ConfigLayer.Pinned, DeviceRoot.BoardPath, ConfigText.Format(pinned)),
        ];
        var live = DeviceName.Filled(ConfigLayers.Merge(layers, schema).Tree);
        return new Settings(plain, live, new SettingValues(live));
    }

    /// <param name="Plain">Without what the board pins: what may be saved.</param>
    /// <param name="Live">What is in force. Both are never changed once they are here.</param>
    /// <param name="Values">Reads <paramref name="Live"/>.</param>
    private sealed record Settings(JsonObject Plain, JsonObject Live, SettingValues Values);
}
