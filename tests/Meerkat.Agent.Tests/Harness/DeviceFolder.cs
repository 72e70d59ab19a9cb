using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Boot;
using Meerkat.Boot.Posix;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Agent.Tests.Harness;

/// <summary>A factory device in a temporary folder: slot 0 holds a script that waits, committed.</summary>
internal sealed class DeviceFolder : IDisposable
{
    private const string Firmware = "#!/bin/sh\nexec sleep 1000000\n";

    /// <param name="listen"><c>http.listen_addr</c>, as the slot's own setting.</param>
    public DeviceFolder(string listen)
    {
        Root = Directory.CreateTempSubdirectory("mkagent").FullName;
        var board = new JsonObject
        {
            ["format"] = 1,
            ["platform"] = "linux-x64",
            ["user"] = UserId.IsRoot ? "root" : "",
            ["settings"] = new JsonObject
            {
                ["device"] = new JsonObject { ["id"] = "dev1" },
                ["boot"] = new JsonObject { ["ready_after"] = 1, ["settle"] = 1, ["stop_timeout"] = 1 },
            },
        };
        File.WriteAllText(Path.Combine(Root, "board.json"), board.ToJsonString());
        using var volume = new HostVolume(Root);
        DeviceRoot.MakeDirectories(volume);
        var slots = new SlotStore(volume);
        slots.Begin(SlotId.Zero, UserId.Current.User, UserId.Current.Group);
        var image = Encoding.UTF8.GetBytes(Firmware);
        using (var file = slots.CreateImage(SlotId.Zero))
        {
            file.Write(image, 0);
            file.Flush();
        }
        var version = new FirmwareVersion("1.0.0", "b1");
        var digest = new Digest(SHA256.HashData(image));
        slots.Complete(SlotId.Zero, "{}"u8, new Seal("demo", "linux-x64", version, digest, image.Length, 1));
        File.WriteAllText(
            InSlot("conf0.json"),
            new JsonObject { ["http"] = new JsonObject { ["listen_addr"] = listen }, ["app"] = new JsonObject { ["size"] = 1 } }.ToJsonString());
        new BootRecordStore(volume).Provision(
            BootTransitions.Factory(new SlotRecord(SlotState.Written, version, digest, image.Length, 0)));
    }

    public string Root { get; }

    /// <summary>Gives the slot's own settings another group, beside the address.</summary>
    public void Set(string group, JsonObject values)
    {
        var path = InSlot("conf0.json");
        var all = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        var into = all[group]?.AsObject() ?? [];
        all[group] = into;
        foreach (var (name, value) in values)
        {
            into[name] = value?.DeepClone();
        }
        File.WriteAllText(path, all.ToJsonString());
    }

    public string InSlot(string name) => Path.Combine(Root, "slots/0/fs", name);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
