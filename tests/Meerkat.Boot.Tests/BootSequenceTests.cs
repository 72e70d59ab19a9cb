using Meerkat.Core.Boot;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Boot.Tests;

public sealed class BootSequenceTests
{
    [Fact]
    public void FactoryDevice_RunsSlot0AndWritesNothing()
    {
        using var device = new TestDevice();
        var before = device.Stored;
        Assert.Equal(new BootResult(before, RunMode.Committed, SlotId.Zero, ""), device.Boot());
        Assert.Equal(before, device.Stored);
        Assert.Equal(["rule Committed: Run slot 0"], device.Log);
    }

    [Fact]
    public void ArmedUpdate_IsMergedAndTried()
    {
        using var device = new TestDevice();
        device.WriteFile("slots/0/fs/counter", "41");
        device.WriteFile("slots/0/fs/conf.json", "{\"user\":1}");
        device.Arm();
        device.WriteFile("slots/1/fs/shipped", "new");
        var result = device.Boot();
        Assert.Equal((RunMode.Trial, (SlotId?)SlotId.One, ""), (result.Mode, result.Slot, result.RecordProblem));
        Assert.Equal(result.Record, device.Stored);
        Assert.Equal(
            (SlotState.Trial, (byte)0, false, TestDevice.ThisBoot),
            (device.Stored.Slot1.State, device.Stored.TrialAttempts, device.Stored.MergePending, device.Stored.TrialBootId));
        Assert.Equal("conf.json\ncounter\nshipped", device.Shell("ls slots/1/fs"));
        Assert.Equal("41{\"user\":1}", device.ReadFile("slots/1/fs/counter") + device.ReadFile("slots/1/fs/conf.json"));
    }

    [Fact]
    public void TrialEndedInTheSameKernelBoot_WasTheBootLoaderStopped() =>
        AssertFellBack(TestDevice.ThisBoot, OutcomeCode.BootLoaderStopped);

    [Fact]
    public void TrialEndedInAnotherKernelBoot_WasThePowerLost() =>
        AssertFellBack(TestDevice.NextBoot, OutcomeCode.PowerLost);

    [Fact]
    public void PowerLostInATrial_IsRetriedUntilTheAttemptsAreUsed_WithoutAnotherMerge()
    {
        using var device = new TestDevice();
        device.WriteFile("slots/0/fs/counter", "41");
        device.Arm(attempts: 3);
        Assert.Equal(RunMode.Trial, device.Boot(Guid.NewGuid()).Mode);
        device.WriteFile("slots/0/fs/added-later", "x");
        Assert.Equal(
            [RunMode.Trial, RunMode.Trial, RunMode.Committed], Enumerable.Range(0, 3).Select(_ => device.Boot(Guid.NewGuid()).Mode));
        Assert.Equal(SlotId.Zero, device.Stored.Active);
        Assert.Equal("power was cut or the machine restarted in each of 3 attempts of the trial", device.Stored.LastOutcome!.Text);
        Assert.Equal("counter", device.Shell("ls slots/1/fs"));
        Assert.Equal((0, 1), (device.Stored.Failures.Entries[0].Count, device.Stored.Failures.Entries[0].PowerLosses));
    }

    [Fact]
    public void BootLoaderLostInATrial_FallsBackAtOnce_WithAttemptsLeft()
    {
        using var device = new TestDevice();
        device.Arm(attempts: 3);
        Assert.Equal(RunMode.Trial, device.Boot(TestDevice.ThisBoot).Mode);
        Assert.Equal(RunMode.Trial, device.Boot(TestDevice.NextBoot).Mode);
        Assert.Equal("rule FirstBoot: StartTrial slot 1, attempt 2", device.Log[0]);
        Assert.Equal(RunMode.Committed, device.Boot(TestDevice.NextBoot).Mode);
        Assert.Equal("rule TrialStopped: FallBack slot 1", device.Log[0]);
        Assert.Equal(
            "the boot loader was stopped during the trial (same kernel boot), in attempt 2 of the trial", device.Stored.LastOutcome!.Text);
        Assert.Equal(1, Assert.Single(device.Stored.Failures.Entries).Count);
    }

    [Fact]
    public void BootLoaderLostInATrialWithNothingToFallBackTo_CommitsIt()
    {
        using var device = new TestDevice();
        device.Arm(attempts: 3);
        device.Boot();
        device.Shell("rm slots/0/image");
        Assert.Equal((RunMode.Committed, (SlotId?)SlotId.One), (device.Boot().Mode, device.Stored.Active));
    }

    /// <summary>The trial ended, and the record did not take it: the boot that follows records why it ended, not how the boot found it.</summary>
    [Fact]
    public void ReasonThatCouldNotBeRecorded_IsTheOneThatTheNextBootRecords()
    {
        using var device = new TestDevice();
        device.Arm();
        device.Boot();
        var reason = new BootOutcome(OutcomeCode.NoCommit, SlotId.One, "1.1.0", 300, TimeSpan.FromSeconds(300), default, Attempts: 1);
        var sequence = new BootSequence(device.Volume, new BootRecordStore(device.Volume), device.Slots, TestDevice.ThisBoot, device.Log.Add);
        Assert.Equal(SlotId.Zero, sequence.Run(TestDevice.Wall, reason).Slot);
        Assert.Equal(reason with { At = TestDevice.Wall }, device.Stored.LastOutcome);
    }

    [Fact]
    public void ReasonThatCannotBeRecordedAgain_IsHandedOn()
    {
        using var device = ReadOnly(device =>
        {
            device.Arm();
            device.Boot();
        });
        Assert.Equal(OutcomeCode.PowerLost, device.Boot(TestDevice.NextBoot).Unrecorded!.Code);
        var reason = new BootOutcome(OutcomeCode.Exited, SlotId.One, "1.1.0", 7, TimeSpan.Zero, TestDevice.Wall);
        var sequence = new BootSequence(device.Volume, new BootRecordStore(device.Volume), device.Slots, TestDevice.ThisBoot, device.Log.Add);
        Assert.Equal(reason, sequence.Run(TestDevice.Wall, reason).Unrecorded);
    }

    [Fact]
    public void SettingsChangedInTheTrial_AreToldWithTheReason()
    {
        using var device = new TestDevice();
        device.WriteFile("slots/0/fs/conf.json", "{\"a\":1}");
        device.Arm();
        device.Boot();
        device.WriteFile("slots/1/fs/conf.json", "{\"a\":2}");
        device.Boot();
        Assert.True(device.Stored.LastOutcome!.SettingsLost);
        Assert.Equal("{\"a\":1}", device.ReadFile("slots/0/fs/conf.json"));
    }

    [Fact]
    public void FallBack_KeepsTheLastOutputOfTheSlot()
    {
        using var device = new TestDevice();
        device.Arm();
        device.Boot();
        device.WriteFile(SlotOutput.OlderPath(SlotId.One), new string('o', 100));
        device.WriteFile(SlotOutput.Path(SlotId.One), new string('n', SlotOutput.KeptBytes - 10));
        device.Boot();
        Assert.Equal(
            new string('o', 10) + new string('n', SlotOutput.KeptBytes - 10), device.ReadFile(SlotOutput.FailedPath));
    }

    [Fact]
    public void FirmwareThatFilledTheMedium_CanStillBeReadAbout()
    {
        using var device = new TestDevice("1m");
        device.WriteFile(SlotOutput.FailedPath, "older words");
        device.Arm();
        device.Boot();
        SlotOutput.Clear(device.Volume, SlotId.One);
        device.Shell("(head -c 100000 /dev/zero | tr '\\0' x; echo last words) > log/slot-1.log; cat /dev/zero > slots/1/fs/filler 2>/dev/null || true");
        device.Boot();
        var kept = device.ReadFile(SlotOutput.FailedPath);
        Assert.Equal((SlotOutput.KeptBytes, "xlast words\n"), (kept.Length, kept[^12..]));
        Assert.Equal("failed-output.txt\nslot-1.log", device.Shell("ls log"));
    }

    [Fact]
    public void LeftoversOfACut_AreGoneAfterTheNextBoot()
    {
        using var device = new TestDevice();
        device.Shell("""
            touch boot/agent.json.new run/config.json.new log/failed-output.txt.new slots/0/seal.new slots/0/fs/conf9.json.new
            touch run/notify-7.sock slots/0/fs/mine.new slots/0/fs/conf.json
            mkdir -p slots/0/tmp/deep; echo half > slots/0/tmp/put; echo half > slots/0/tmp/deep/0
            """);
        device.Boot();
        Assert.Equal(
            "conf.json\nmine.new", device.Shell("find . '(' -name '*.new' -o -name '*.sock' -o -path '*/tmp/*' -o -name 'conf*' ')' -printf '%f\n' | sort"));
    }

    [Theory]
    [InlineData(3, RunMode.Trial)]
    [InlineData(1, RunMode.Trial)]
    [InlineData(0, RunMode.Committed)]
    public void InterruptedMerge_IsRepeatedThreeTimes(byte attemptsLeft, RunMode expected)
    {
        using var device = new TestDevice();
        device.WriteFile("slots/0/fs/old", "old");
        device.Store(device.Arm() with { Sequence = device.Stored.Sequence + 1, MergeAttempts = attemptsLeft });
        device.Shell("mkdir slots/1/tmp/entry slots/1/tmp/deep; touch slots/1/tmp/entry/x slots/1/tmp/deep/y");
        Assert.Equal(expected, device.Boot().Mode);
        if (expected == RunMode.Committed)
        {
            Assert.Equal(
                "the file systems could not be merged in 3 attempts: interrupted each time", device.Stored.LastOutcome!.Text);
            return;
        }
        Assert.Equal("old", device.ReadFile("slots/1/fs/old"));
        Assert.Equal("", device.Shell("ls slots/1/tmp"));
    }

    [Fact]
    public void InterruptedMergesWithNothingToFallBackTo_StartTheTrialWithWhatThereIs()
    {
        using var device = new TestDevice();
        device.Store(device.Arm() with { Sequence = device.Stored.Sequence + 1, MergeAttempts = 0, Fallback = null });
        Assert.Equal((RunMode.Trial, false), (device.Boot().Mode, device.Stored.MergePending));
    }

    [Fact]
    public void MergeOntoAFullMedium_FallsBackWithTheReason()
    {
        using var device = new TestDevice("1m");
        device.Shell("head -c 300000 /dev/urandom > slots/0/fs/large");
        device.Arm();
        device.Shell("head -c 500000 /dev/urandom > slots/1/fs/new");
        var old = device.Snapshot("slots/0");
        var result = device.Boot();
        Assert.Equal((RunMode.Committed, (SlotId?)SlotId.Zero, ""), (result.Mode, result.Slot, result.RecordProblem));
        Assert.Equal((OutcomeCode.MergeFailed, SlotState.Failed), (device.Stored.LastOutcome!.Code, device.Stored.Slot1.State));
        Assert.Contains("No space left on device", device.Stored.LastOutcome.Text, StringComparison.Ordinal);
        Assert.Equal(old, device.Snapshot("slots/0"));
    }

    [Theory]
    [InlineData("echo x >> slots/1/image")]
    [InlineData("rm slots/1/seal")]
    [InlineData("rm -r slots/1/fs")]
    public void DamagedNewImage_FallsBackBeforeAnythingStarts(string damage)
    {
        using var device = new TestDevice();
        device.Arm();
        device.Shell(damage);
        var result = device.Boot();
        Assert.Equal((RunMode.Committed, (SlotId?)SlotId.Zero), (result.Mode, result.Slot));
        Assert.Equal(OutcomeCode.NewImageBroken, device.Stored.LastOutcome!.Code);
        Assert.Contains("slots/1/", device.Stored.LastOutcome.Detail, StringComparison.Ordinal);
        Assert.Equal("", device.Shell("ls slots/0/fs"));
    }

    [Fact]
    public void DamagedCommittedImage_FallsBackAndTheUsersSettingsGoAlong()
    {
        using var device = new TestDevice();
        device.WriteFile("slots/0/fs/conf.json", "{\"a\":1}");
        device.ArmBootAndCommit();
        device.WriteFile("slots/1/fs/conf.json", "{\"a\":2}");
        device.WriteFile("slots/1/fs/conf9.json", "not json");
        var owner = device.Shell("chmod 0640 slots/1/fs/conf.json; chown 1234:5678 slots/1/fs/conf.json 2>/dev/null; stat -c %u:%g%a slots/1/fs/conf.json");
        device.Shell("echo x >> slots/1/image");
        var result = device.Boot();
        Assert.Equal((RunMode.Committed, (SlotId?)SlotId.Zero), (result.Mode, result.Slot));
        Assert.Equal(OutcomeCode.ImageBroken, device.Stored.LastOutcome!.Code);
        Assert.Equal("{\"a\":2}", device.ReadFile("slots/0/fs/conf.json"));
        Assert.Equal(owner, device.Shell("stat -c %u:%g%a slots/0/fs/conf.json"));
        Assert.Equal("", device.ReadFile("slots/0/fs/conf9.json"));
    }

    [Fact]
    public void DamagedCommittedImageWithDamagedSettings_KeepsTheOldOnes()
    {
        using var device = new TestDevice();
        device.WriteFile("slots/0/fs/conf.json", "{\"a\":1}");
        device.ArmBootAndCommit();
        device.WriteFile("slots/1/fs/conf.json", "{\"a\":");
        device.Shell("echo x >> slots/1/image");
        device.Boot();
        Assert.Equal("{\"a\":1}", device.ReadFile("slots/0/fs/conf.json"));
    }

    [Fact]
    public void NothingBootable_IsRecoveryAndWritesNothing()
    {
        using var device = new TestDevice();
        device.Arm();
        device.Boot();
        device.Shell("rm slots/0/image slots/1/image");
        var before = device.Stored;
        Assert.Equal(new BootResult(before, RunMode.Recovery, null, ""), device.Boot());
        Assert.Equal(before, device.Stored);
    }

    [Fact]
    public void TrialWithNothingLeftToFallBackTo_IsCommitted()
    {
        using var device = new TestDevice();
        device.Arm();
        device.Boot();
        device.Shell("rm slots/0/image");
        var result = device.Boot();
        Assert.Equal((RunMode.Committed, (SlotId?)SlotId.One), (result.Mode, result.Slot));
        Assert.Equal((SlotState.Committed, 2u), (device.Stored.Slot1.State, device.Slots.ReadSeal(SlotId.One)!.CommitCount));
    }

    [Fact]
    public void BothRecordsDamaged_TheSlotCommittedLastRuns()
    {
        using var device = new TestDevice();
        device.ArmBootAndCommit();
        device.Shell("for n in 0 1; do echo broken > boot/record.$n; done");
        var result = device.Boot();
        Assert.Equal((RunMode.Committed, (SlotId?)SlotId.One, ""), (result.Mode, result.Slot, result.RecordProblem));
        Assert.Equal((OutcomeCode.RecordLost, (SlotId?)SlotId.Zero), (device.Stored.LastOutcome!.Code, device.Stored.Fallback));
        Assert.Equal(result, device.Boot());
    }

    [Fact]
    public void BothRecordsDamagedInATrial_TheCommittedSlotRuns()
    {
        using var device = new TestDevice();
        device.Arm();
        device.Boot();
        device.Shell("rm boot/record.0 boot/record.1");
        Assert.Equal((SlotId?)SlotId.Zero, device.Boot().Slot);
        Assert.Equal(SlotState.Empty, device.Stored.Slot1.State);
    }

    [Fact]
    public void BothRecordsDamagedAndTheLatestImageToo_TheOtherSlotRuns()
    {
        using var device = new TestDevice();
        device.ArmBootAndCommit();
        device.Shell("rm boot/record.0 boot/record.1; echo x >> slots/1/image");
        Assert.Equal((SlotId?)SlotId.Zero, device.Boot().Slot);
    }

    [Fact]
    public void RecordsAndSealsDamaged_IsRecovery()
    {
        using var device = new TestDevice();
        device.Shell("rm boot/record.0 boot/record.1 slots/0/seal");
        Assert.Equal(RunMode.Recovery, device.Boot().Mode);
    }

    [Fact]
    public void RecordsReplacedByDirectories_AreMadeAnew()
    {
        using var device = new TestDevice();
        device.Shell("rm boot/record.*; mkdir -p boot/record.0/full boot/record.1/full");
        Assert.Equal("", device.Boot().RecordProblem);
        Assert.True(device.Stored.Committed);
    }

    [Fact]
    public void RecordOfANewerFormat_IsRefusedAndNotChanged()
    {
        using var device = new TestDevice();
        var bytes = BootRecordCodec.Encode(device.Stored);
        bytes[8] = 2;
        var crc = bytes.AsSpan(0, 1020).ToArray().Aggregate(uint.MaxValue, System.Numerics.BitOperations.Crc32C);
        BitConverter.TryWriteBytes(bytes.AsSpan(1020), ~crc);
        File.WriteAllBytes(device.Folder["boot/record.1"], bytes);
        var before = device.Shell("sha256sum boot/record.*");
        Assert.Contains(
            "copy 1: the record has format 2", Assert.Throws<BootRefusedException>(() => device.Boot()).Message, StringComparison.Ordinal);
        Assert.Equal(before, device.Shell("sha256sum boot/record.*"));
    }

    [Fact]
    public void RecordNotWritableWhenArmed_TheFallbackRuns()
    {
        using var device = ReadOnly(device => device.Arm());
        var result = device.Boot();
        Assert.Equal((RunMode.Committed, (SlotId?)SlotId.Zero), (result.Mode, result.Slot));
        Assert.Contains("Read-only file system", result.RecordProblem, StringComparison.Ordinal);
    }

    [Fact]
    public void RecordNotWritableInATrial_TheFallbackRuns()
    {
        using var device = ReadOnly(device =>
        {
            device.Arm();
            device.Boot();
        });
        Assert.Equal((SlotId?)SlotId.Zero, device.Boot().Slot);
    }

    [Fact]
    public void RecordNotWritableInATrialWithoutAFallback_TheActiveSlotRuns()
    {
        using var device = ReadOnly(device =>
        {
            device.Arm();
            device.Boot();
            device.Shell("rm slots/0/image");
        });
        var result = device.Boot();
        Assert.Equal((RunMode.Committed, (SlotId?)SlotId.One), (result.Mode, result.Slot));
        Assert.NotEqual("", result.RecordProblem);
    }

    [Fact]
    public void RecordNotWritableWhenCommitted_RunsAsEver()
    {
        using var device = ReadOnly(_ => { });
        Assert.Equal((SlotId?)SlotId.Zero, device.Boot().Slot);
    }

    [Fact]
    public void RecordsLostOnAReadOnlyMedium_TheSealsDecideAndTheStatusSaysSo()
    {
        using var device = ReadOnly(device => device.Shell("rm boot/record.*"));
        var result = device.Boot();
        Assert.Equal((SlotId?)SlotId.Zero, result.Slot);
        Assert.NotEqual("", result.RecordProblem);
    }

    [Fact]
    public void SealThatCannotBeMarked_IsNoProblemOfTheRecord()
    {
        using var device = ReadOnly(device =>
        {
            device.Arm();
            device.Boot();
            device.Store(device.Stored.Commit());
        });
        var result = device.Boot();
        Assert.Equal((SlotId?)SlotId.One, result.Slot);
        Assert.Equal("", result.RecordProblem);
    }

    [Fact]
    public void CutBetweenCommitAndSeal_IsMadeGoodAtTheNextBoot()
    {
        using var device = new TestDevice();
        device.Arm();
        device.Boot();
        device.Store(device.Stored.Commit());
        Assert.Equal(0u, device.Slots.ReadSeal(SlotId.One)!.CommitCount);
        device.Boot();
        Assert.Equal(2u, device.Slots.ReadSeal(SlotId.One)!.CommitCount);
    }

    private static void AssertFellBack(Guid kernelBoot, OutcomeCode expected)
    {
        using var device = new TestDevice();
        device.Arm();
        device.Boot();
        var result = device.Boot(kernelBoot);
        Assert.Equal((RunMode.Committed, (SlotId?)SlotId.Zero), (result.Mode, result.Slot));
        Assert.Equal(
            (expected, SlotId.One, "1.1.0", TestDevice.Wall, false),
            (device.Stored.LastOutcome!.Code, device.Stored.LastOutcome.Slot, device.Stored.LastOutcome.Version,
                device.Stored.LastOutcome.At, device.Stored.LastOutcome.SettingsLost));
        Assert.Equal(SlotState.Failed, device.Stored.Slot1.State);
    }

    private static TestDevice ReadOnly(Action<TestDevice> prepare)
    {
        var device = new TestDevice("1m");
        prepare(device);
        device.Shell("mount -o remount,ro .");
        return device;
    }
}
