using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Core.Tests.Boot;

public sealed class CommittedFirmwareTests
{
    [Fact]
    public void Crashes_WaitTwiceAsLongUpToAMinute()
    {
        var scene = Scene.Committed();
        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60, 60], Enumerable.Range(0, 9).Select(_ => Crash(scene)));
    }

    [Fact]
    public void FirmwareThatRanWell_StartsAgainAfterASecond()
    {
        var scene = Scene.Committed();
        Crash(scene);
        Crash(scene);
        scene.Pass(10 + 60);
        Assert.Equal(1, Crash(scene));
    }

    [Fact]
    public void Crashes_NeverChangeTheSlotUnlessAllowed()
    {
        var scene = Scene.Committed();
        for (var crash = 0; crash < 100; crash++)
        {
            Crash(scene);
        }
        Assert.Equal(Records.Committed, scene.Now.Record);
    }

    [Fact]
    public void MaxCrashes_LeavesTheSlot()
    {
        var scene = Scene.Committed(new() { MaxCrashes = 3 });
        Crash(scene);
        Crash(scene);
        scene.Take(new SupervisionEvent.FirmwareExited(new ExitStatus(1, 0)));
        Assert.Equal("firmware crashed 3 times in a row", scene.Reason.Text);
        Assert.Equal((SlotId.Zero, true), (scene.Last.Store!.Active, scene.Now.Stopping));
    }

    [Fact]
    public void MaxCrashesWithoutAFallback_GoesOnTrying()
    {
        var scene = new Scene(Records.Factory, RunMode.Committed, SlotId.Zero, new() { MaxCrashes = 1 });
        Assert.Equal([1, 2, 4], Enumerable.Range(0, 3).Select(_ => Crash(scene)));
    }

    [Fact]
    public void MaxCrashesDuringAnInstallation_GoesOnTrying()
    {
        var scene = Scene.Committed(new() { MaxCrashes = 1 });
        scene.Ask(new BootRequest.Invalidate(null, SlotId.Zero, true));
        Assert.Equal(1, Crash(scene));
    }

    [Fact]
    public void SilentWatchdog_RestartsTheFirmwareAlone()
    {
        var scene = Scene.Committed();
        scene.Pass(10);
        scene.Take(new SupervisionEvent.FirmwarePinged());
        Assert.Equal([new SupervisionEffect.StopFirmware()], scene.Pass(30).SelectMany(step => step.Effects));
        Assert.Equal(FirmwarePhase.Stopping, scene.Now.Firmware);
        scene.Take(new SupervisionEvent.FirmwareExited(new ExitStatus(0, 15)));
        Assert.Equal([new SupervisionEffect.StartFirmware()], scene.Pass(1).SelectMany(step => step.Effects));
    }

    [Fact]
    public void PingOfAFirmwareThatIsGone_DoesNotStarveTheNext()
    {
        var scene = Scene.Committed();
        scene.Take(new SupervisionEvent.FirmwareExited(new ExitStatus(1, 0)));
        scene.Take(new SupervisionEvent.FirmwarePinged());
        scene.Pass(1 + 10 + 60);
        Assert.Equal(FirmwarePhase.Ready, scene.Now.Firmware);
    }

    [Fact]
    public void NotReadyInTime_RestartsTheFirmwareAlone()
    {
        var scene = Scene.Committed(new() { Ready = ReadyMode.Notify });
        Assert.Equal([new SupervisionEffect.StopFirmware()], scene.Pass(60).SelectMany(step => step.Effects));
    }

    [Fact]
    public void FirstCrashOfTheAgent_StartsItAgainAtOnce()
    {
        var scene = Scene.Committed().AgentReady();
        Assert.Equal([0, 1, 2, 4, 8, 16, 32, 60, 60], Enumerable.Range(0, 9).Select(_ => CrashAgent(scene)));
        Assert.Equal(FirmwarePhase.Ready, scene.Now.Firmware);
    }

    [Fact]
    public void AgentThatRefusesTheConfiguration_IsTriedAgain()
    {
        var scene = Scene.Committed();
        scene.Take(new SupervisionEvent.AgentExited(new ExitStatus(78, 0)));
        Assert.Equal([new SupervisionEffect.StartAgent()], scene.Pass(0).SelectMany(step => step.Effects));
    }

    [Fact]
    public void Alive_IsReadyAfterItsTime()
    {
        var scene = Scene.Committed();
        scene.Pass(9.9);
        Assert.Equal(FirmwarePhase.Starting, scene.Now.Firmware);
        scene.Pass(0.1);
        Assert.Equal(FirmwarePhase.Ready, scene.Now.Firmware);
    }

    [Fact]
    public void Restart_StopsAllAndBootsAgain()
    {
        var scene = Scene.Committed();
        Assert.True(scene.Ask(new BootRequest.Restart(null, false)).Done);
        Assert.Contains(new SupervisionEffect.StopAll(), scene.Last.Effects);
        Assert.Null(scene.Last.Store);
        Assert.Equal([new SupervisionEffect.BootAgain()], scene.Take(new SupervisionEvent.AllStopped()).Effects);
    }

    [Fact]
    public void RecordThatCannotBeWritten_RefusesTheInstallation()
    {
        var scene = Scene.Committed();
        var step = Refused(scene, new BootRequest.Invalidate(null, SlotId.Zero, true));
        Assert.Equal((Records.Committed, (long?)null, false), (step.Next.Record, step.Next.Lease, step.Next.Stopping));
        Assert.Equal("No space left on device", step.Next.RecordProblem);
        AssertNotWritable(Assert.Single(step.Effects), scene);
    }

    [Fact]
    public void CommitThatCannotBeWritten_IsRefusedAndTheTrialEnds()
    {
        var scene = Scene.Trial();
        var step = Refused(scene, new BootRequest.Commit(null));
        Assert.Equal((Records.Trial(), true), (step.Next.Record, step.Next.Stopping));
        AssertNotWritable(step.Effects[0], scene);
        Assert.Equal([new SupervisionEffect.StopAll()], step.Effects[1..]);
        Assert.Equal(
            (OutcomeCode.RecordNotWritable, "No space left on device"), (step.Next.Unrecorded!.Code, step.Next.Unrecorded.Detail));
        Assert.Null(step.Store);
        Assert.Null(step.Next.NextDeadline);
    }

    [Fact]
    public void FallBackThatCannotBeWritten_StopsAllTheSame()
    {
        var scene = Scene.Trial();
        var refused = SupervisionMachine.Take(
            scene.Now, new SupervisionEvent.FirmwareExited(new ExitStatus(1, 0)), scene.Moment);
        var step = SupervisionMachine.NotStored(scene.Now, refused, "Read-only file system");
        Assert.Equal(new SupervisionEffect.BootAgain(), step.Next.AfterStop);
        Assert.Equal(Records.Trial(), step.Next.Record);
        Assert.Equal((OutcomeCode.Exited, 1L), (step.Next.Unrecorded!.Code, step.Next.Unrecorded.Number));
    }

    /// <summary>The boot fell back without being able to record it; the record is tried again without disturbing the firmware.</summary>
    [Fact]
    public void FallBackThatCouldNotBeRecorded_IsRecordedWhenTheMediumTakesIt()
    {
        var reason = Records.Outcome(OutcomeCode.NoCommit, 300);
        var begun = SupervisionMachine.Begin(
            new Supervision
            {
                Settings = new SupervisionSettings(),
                Record = Records.Trial(),
                Mode = RunMode.Committed,
                Running = SlotId.Zero,
                RecordProblem = "full",
                Unrecorded = reason,
            },
            new Moment(TimeSpan.Zero, Records.At)).Next;
        var again = begun.RecordAgainAt!.Value;
        var first = SupervisionMachine.Take(begun, new SupervisionEvent.TimePassed(), new Moment(again, Records.At));
        while (first.Store is null)
        {
            // Other deadlines of the same moment go first.
            first = SupervisionMachine.Take(first.Next, new SupervisionEvent.TimePassed(), new Moment(again, Records.At));
        }
        Assert.Equal(Records.Trial().FallBack(reason), first.Store);
        var late = SupervisionMachine.NotStored(begun, first, "still full").Next;
        Assert.Equal((2 * again, reason, false), (late.RecordAgainAt, late.Unrecorded, late.Stopping));
        Assert.Equal((null, null, (TimeSpan?)null), (first.Next.Held, first.Next.Unrecorded, first.Next.RecordAgainAt));
        Assert.False(first.Next.Armed);
        Assert.Equal([new SupervisionEffect.RemoveLeftovers()], first.Effects);
    }

    [Fact]
    public void FallBackThatWasSettledMeanwhile_IsNotRecorded()
    {
        var scene = new Scene(Records.Committed, RunMode.Committed, SlotId.One);
        var step = SupervisionMachine.Take(
            scene.Now with { Unrecorded = Records.Outcome(OutcomeCode.NoCommit), RecordAgainAt = scene.Time },
            new SupervisionEvent.TimePassed(), scene.Moment);
        Assert.Equal((null, null, (TimeSpan?)null), (step.Store, step.Next.Unrecorded, step.Next.RecordAgainAt));
    }

    private static SupervisionStep Refused(Scene scene, BootRequest request) => SupervisionMachine.NotStored(
        scene.Now,
        SupervisionMachine.Take(scene.Now, new SupervisionEvent.Requested(77, Scene.Agent, request), scene.Moment),
        "No space left on device");

    private static void AssertNotWritable(SupervisionEffect effect, Scene scene) => Assert.Equal(
        new SupervisionEffect.Answer(77, new BootAnswer(
            BootRefusal.RecordNotWritable, "the boot record cannot be written: No space left on device", scene.Now.Record.Sequence)),
        effect);

    /// <summary>Seconds from a crash of the firmware to its next start.</summary>
    private static double Crash(Scene scene)
    {
        scene.Take(new SupervisionEvent.FirmwareExited(new ExitStatus(1, 0)));
        var wait = (scene.Now.StartAgainAt!.Value - scene.Time).TotalSeconds;
        Assert.Contains(new SupervisionEffect.StartFirmware(), scene.Pass(wait).SelectMany(step => step.Effects));
        return wait;
    }

    private static double CrashAgent(Scene scene)
    {
        scene.Take(new SupervisionEvent.AgentExited(new ExitStatus(1, 0)));
        var wait = (scene.Now.StartAgentAgainAt!.Value - scene.Time).TotalSeconds;
        Assert.Contains(new SupervisionEffect.StartAgent(), scene.Pass(wait).SelectMany(step => step.Effects));
        return wait;
    }
}
