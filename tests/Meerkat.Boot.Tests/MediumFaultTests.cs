using Meerkat.Boot.Posix;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Boot.Tests;

/// <summary>
/// A boot in every situation, with a fault of the medium at each of its operations: something good runs, no trial runs that is not in
/// the record, and when the fault is gone the device goes on as ever.
/// </summary>
public sealed class MediumFaultTests
{
    /// <param name="Prepare">Brings a new device into it; 1.0.0 in slot 0 is committed at the start.</param>
    /// <param name="MayRun">The slots that are good to run. The first of them is what runs without a fault.</param>
    /// <param name="Trial">Without a fault, a trial runs.</param>
    private sealed record Situation(Action<TestDevice> Prepare, int[] MayRun, bool Trial = false);

    private static readonly Dictionary<string, Situation> Situations = new()
    {
        ["committed"] = new(_ => { }, [0]),
        ["committed, with a fallback"] = new(device => device.ArmBootAndCommit(), [1]),
        ["committed, seal not marked"] = new(
            device =>
            {
                device.Arm();
                device.Boot();
                device.Store(device.Stored.Commit());
            },
            [1]),
        ["held"] = new(
            device =>
            {
                device.Store(device.Stored.Invalidate(SlotId.One));
                device.Store(device.Stored.Hold(SlotId.One, device.Install(SlotId.One, "1.1.0"), 60, activatesItself: false));
            },
            [0]),
        ["armed, with a merge"] = new(
            device =>
            {
                device.Shell("mkdir slots/0/fs/d; echo 1 > slots/0/fs/d/old; ln -s d slots/0/fs/l; echo '{}' > slots/0/fs/conf.json");
                device.Arm();
            },
            [1, 0],
            Trial: true),
        ["armed, a merge that was interrupted"] = new(
            device =>
            {
                device.Shell("echo 1 > slots/0/fs/old");
                device.Store(device.Arm().CountMergeAttempt());
                device.Shell("mkdir slots/1/tmp/x; echo half > slots/1/tmp/0");
            },
            [1, 0],
            Trial: true),
        ["armed, merges used up"] = new(
            device => device.Store(device.Arm() with { Sequence = device.Stored.Sequence + 1, MergeAttempts = 0 }), [0]),
        ["trial, power lost, attempts left"] = new(
            device =>
            {
                device.Arm(attempts: 3);
                device.Boot(TestDevice.NextBoot);
            },
            [1, 0],
            Trial: true),
        ["trial, power lost, exhausted"] = new(
            device =>
            {
                device.Arm();
                device.Boot(TestDevice.NextBoot);
                device.WriteFile(SlotOutput.Path(SlotId.One), "last words");
            },
            [0]),
        ["trial, boot loader lost"] = new(
            device =>
            {
                device.Arm(attempts: 3);
                device.Boot();
            },
            [0]),
        ["trial, nothing to fall back to"] = new(
            device =>
            {
                device.Arm();
                device.Boot();
                device.Shell("echo x >> slots/0/image");
            },
            [1]),
        ["new image damaged"] = new(
            device =>
            {
                device.Arm();
                device.Shell("echo x >> slots/1/image");
            },
            [0]),
        ["committed image damaged"] = new(
            device =>
            {
                device.WriteFile("slots/0/fs/conf.json", "{\"a\":1}");
                device.ArmBootAndCommit();
                device.WriteFile("slots/1/fs/conf.json", "{\"a\":2}");
                device.Shell("echo x >> slots/1/image");
            },
            [0]),
        ["one copy of the record damaged"] = new(
            device =>
            {
                device.ArmBootAndCommit();
                device.Shell("echo x > boot/record.0");
            },
            [1]),
        ["both copies of the record lost"] = new(
            device =>
            {
                device.ArmBootAndCommit();
                device.Shell("rm boot/record.*");
            },
            [1]),
    };

    public static TheoryData<string, int, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, int, bool>();
            foreach (var name in Situations.Keys)
            {
                foreach (var errno in (int[])[FaultyVolume.IoError, FaultyVolume.NoSpace, FaultyVolume.ReadOnly])
                {
                    cases.Add(name, errno, false);
                    cases.Add(name, errno, true);
                }
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void FaultAtAnyOperation_SomethingGoodRuns(string name, int errno, bool forGood)
    {
        var situation = Situations[name];
        using var device = new TestDevice(inMemory: true);
        situation.Prepare(device);
        var tree = new SavedTree(device.Folder.Path);
        var count = Boot(device, situation, errno, -1, forGood, $"{name}, without a fault");
        Assert.True(count > 5, $"only {count} operations");
        for (var at = 0; at < count; at++)
        {
            tree.Restore();
            Boot(device, situation, errno, at, forGood, $"{name}, errno {errno} at operation {at} of {count}{(forGood ? " and after" : "")}");
        }
    }

    private static int Boot(TestDevice device, Situation situation, int errno, int at, bool forGood, string words)
    {
        var volume = new FaultyVolume(device.Volume, errno, at, forGood);

        var result = BootWith(volume, device);

        var log = $"{words}\n{string.Join('\n', device.Log)}\n{result}";
        Assert.True(result.Slot is { } slot && situation.MayRun.Contains(slot.Number), log);
        Assert.True(result.RecordProblem.Length > 0 || result.Record == device.Stored, log);
        Assert.Equal(result.RecordProblem.Length > 0 && result.Slot != result.Record.Active, result.Unrecorded is not null);
        if (result.Mode != RunMode.Trial)
        {
            Assert.True(result.Slot!.Value.Number == situation.MayRun[^1], $"{log}\nan uncommitted slot runs outside of a trial");
        }
        else
        {
            Assert.True(device.Stored is { Committed: false, TrialBootId: var id } stored
                && stored.Active == result.Slot && stored[stored.Active].State == SlotState.Trial && id == TestDevice.ThisBoot, log);
        }
        if (at < 0)
        {
            Assert.Equal((situation.MayRun[0], situation.Trial, ""), (result.Slot!.Value.Number, result.Mode == RunMode.Trial, result.RecordProblem));
        }

        // The fault is gone: something good runs, with its record, and takes an update.
        var again = device.Boot(Guid.NewGuid());
        Assert.True(again is { Slot: not null, RecordProblem: "" } && again.Record == device.Stored, $"{log}\nthen {again}");
        if (again.Mode == RunMode.Trial)
        {
            device.Store(device.Stored.Commit());
        }
        device.Arm();
        Assert.True(device.Boot(Guid.NewGuid()).Mode == RunMode.Trial, $"{log}\nthen no update");
        return volume.Operations;
    }

    /// <summary>As the supervisor does it, up to the start of the firmware.</summary>
    private static BootResult BootWith(FaultyVolume volume, TestDevice device)
    {
        device.Log.Clear();
        try
        {
            DeviceRoot.MakeDirectories(volume);
        }
        catch (StorageException fault)
        {
            device.Log.Add(fault.Message);
        }
        var slots = new SlotStore(volume);
        var result = new BootSequence(volume, new BootRecordStore(volume), slots, TestDevice.ThisBoot, device.Log.Add).Run(TestDevice.Wall);
        if (result is { Mode: RunMode.Trial, Slot: { } trial })
        {
            SlotOutput.Clear(volume, trial);
        }
        RunConfiguration.Write(volume, Board, result.Slot, UserId.Current, device.Log.Add);
        return result;
    }

    private static Board Board { get; } = Board.Parse("""{"format": 1, "platform": "linux-x64"}"""u8);
}
