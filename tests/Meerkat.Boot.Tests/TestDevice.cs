using System.Security.Cryptography;
using System.Text;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;
using Meerkat.Storage;
using Meerkat.Storage.Tests;

namespace Meerkat.Boot.Tests;

/// <summary>A device's root in a temporary folder, without processes: slots are installed, the boot sequence is run.</summary>
internal sealed class TestDevice : IDisposable
{
    public static readonly Guid ThisBoot = new("11111111-1111-1111-1111-111111111111");
    public static readonly Guid NextBoot = new("22222222-2222-2222-2222-222222222222");
    public static readonly DateTimeOffset Wall = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly string root;

    /// <param name="mountedSize">Of a small memory file system that holds the device; none: the folder itself.</param>
    /// <param name="inMemory">In a file system in memory, without a size of its own.</param>
    public TestDevice(string? mountedSize = null, bool inMemory = false)
    {
        Folder = new TempFolder(inMemory);
        root = mountedSize is null ? Folder.Path : Folder.MountSmall("device", mountedSize);
        Volume = new HostVolume(root);
        Records = new BootRecordStore(Volume);
        Slots = new SlotStore(Volume);
        DeviceRoot.MakeDirectories(Volume);
        var factory = BootTransitions.Factory(Install(SlotId.Zero, "1.0.0"));
        Slots.MarkCommitted(SlotId.Zero, 1);
        Records.Provision(factory);
    }

    public TempFolder Folder { get; }

    public HostVolume Volume { get; }

    public BootRecordStore Records { get; }

    public SlotStore Slots { get; }

    public List<string> Log { get; } = [];

    public BootRecord Stored => Assert.IsType<BootRecordChoice.Chosen>(new BootRecordStore(Volume).Read()).Record;

    /// <summary>Runs a script in the device's root.</summary>
    public string Shell(string script) => Folder.Shell($"cd '{root}'; {script}").Trim();

    public void WriteFile(string path, string text) => Volume.Replace(path, text, 0x1A4);

    public string ReadFile(string path) => Encoding.UTF8.GetString(Volume.ReadSmall(path, 1 << 20) ?? []);

    public SlotRecord Install(SlotId slot, string version)
    {
        var image = Encoding.ASCII.GetBytes($"#!/bin/sh\necho {version}\n");
        var record = new SlotRecord(
            SlotState.Written, new FirmwareVersion(version, "b"), new Digest(SHA256.HashData(image)), image.Length, 0,
            BundleMark.Of(Encoding.UTF8.GetBytes(version)));
        var owner = Volume.Find("")!.Value.Attributes;
        Slots.Begin(slot, owner.User, owner.Group);
        using (var file = Slots.CreateImage(slot))
        {
            file.Write(image, 0);
            file.Flush();
        }
        Slots.Complete(slot, "{}"u8, new Seal("t", "linux-x64", record.Version, record.Image, record.ImageBytes, 0));
        return record;
    }

    /// <summary>Installs 1.1.0 into the slot that is not active, and arms it.</summary>
    public BootRecord Arm(int timeout = 300, byte attempts = 1)
    {
        var target = Stored.Active.Other;
        Store(Stored.Invalidate(target));
        return Store(Stored.Arm(target, Install(target, "1.1.0"), target.Other, timeout, attempts, merge: true));
    }

    /// <summary>1.1.0 runs in slot 1, committed, with 1.0.0 behind it.</summary>
    public void ArmBootAndCommit()
    {
        Arm();
        Assert.Equal(RunMode.Trial, Boot().Mode);
        Store(Stored.Commit());
        Slots.MarkCommitted(SlotId.One, Stored.Slot1.CommitCount);
    }

    public BootRecord Store(BootRecord record)
    {
        Records.Read();
        Records.Write(record);
        return record;
    }

    public BootResult Boot(Guid? kernelBoot = null)
    {
        Log.Clear();
        return new BootSequence(Volume, new BootRecordStore(Volume), Slots, kernelBoot ?? ThisBoot, Log.Add).Run(Wall);
    }

    /// <summary>Everything below a slot with kind, mode, owner, time and contents, as text to compare.</summary>
    public string Snapshot(string path, bool times = true) => Shell($$"""
        cd {{path}} && find . -mindepth 1 -printf '%P %y %m %U:%G %s {{(times ? "%T@ " : "")}}%l\n' | sed -E 's/^(.* d [0-9]+ [0-9:]+) [0-9]+/\1/' | sort
        find . -type f -print0 | sort -z | xargs -0 -r sha256sum
        """);

    public void Dispose()
    {
        Volume.Dispose();
        Folder.Dispose();
    }
}
