using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Core.Tests.Boot;

/// <summary>Every way a trial can end, one at a time.</summary>
public sealed class TrialEndingTests
{
    private static readonly SupervisionSettings Notify = new() { Ready = ReadyMode.Notify };

    [Fact]
    public void Begin_StartsTheAgentFirst() => Assert.Equal(
        [new SupervisionEffect.StartAgent(), new SupervisionEffect.StartFirmware()], Scene.Trial().Last.Effects);

    [Fact]
    public void BeginEmbedded_StartsTheFirmwareAlone() => Assert.Equal(
        [new SupervisionEffect.StartFirmware()], Scene.Trial(settings: new() { AgentEmbedded = true }).Last.Effects);

    [Fact]
    public void BeginRecovery_StartsTheAgentAlone() =>
        Assert.Equal([new SupervisionEffect.StartAgent()], Scene.Recovery().Last.Effects);

    [Fact]
    public void Deadline_FallsBackEvenWhenAllIsWell()
    {
        var scene = Scene.Trial(300).AgentReady();
        scene.Take(new SupervisionEvent.FirmwareReady());
        scene.Pass(299.9);
        Assert.False(scene.Now.Stopping);
        scene.Pass(0.1);
        AssertFellBack(scene, OutcomeCode.NoCommit, "no commit within 300 s");
    }

    [Fact]
    public void Exit_FallsBack()
    {
        var scene = Scene.Trial();
        scene.Pass(2.1);
        scene.Take(new SupervisionEvent.FirmwareExited(new ExitStatus(7, 0)));
        AssertFellBack(scene, OutcomeCode.Exited, "firmware exited with code 7 after 2.1 s");
    }

    [Fact]
    public void ExitWithZero_FallsBackToo()
    {
        var scene = Scene.Trial();
        scene.Take(new SupervisionEvent.FirmwareExited(new ExitStatus(0, 0)));
        AssertFellBack(scene, OutcomeCode.Exited, "firmware exited with code 0 after 0.0 s");
    }

    [Fact]
    public void Signal_FallsBack()
    {
        var scene = Scene.Trial();
        scene.Take(new SupervisionEvent.FirmwareExited(new ExitStatus(0, 11)));
        AssertFellBack(scene, OutcomeCode.Signaled, "firmware was killed by signal 11 (SIGSEGV) after 0.0 s");
    }

    [Fact]
    public void FirmwareThatCannotStart_FallsBack()
    {
        var scene = Scene.Trial();
        scene.Take(new SupervisionEvent.FirmwareStartFailed("cannot execute image: Exec format error"));
        AssertFellBack(
            scene, OutcomeCode.StartFailed, "firmware could not be started: cannot execute image: Exec format error");
    }

    [Fact]
    public void NotReadyInTime_FallsBack()
    {
        var scene = Scene.Trial(settings: Notify).AgentReady();
        scene.Pass(60);
        AssertFellBack(scene, OutcomeCode.NotReady, "firmware was not ready within 60 s");
    }

    [Fact]
    public void SilentWatchdog_FallsBack()
    {
        var scene = Scene.Trial(settings: Notify).AgentReady();
        scene.Take(new SupervisionEvent.FirmwarePinged());
        scene.Pass(5);
        scene.Take(new SupervisionEvent.FirmwareReady());
        scene.Pass(20);
        scene.Take(new SupervisionEvent.FirmwarePinged());
        scene.Pass(29.9);
        Assert.False(scene.Now.Stopping);
        scene.Pass(0.1);
        AssertFellBack(scene, OutcomeCode.WatchdogStarved, "firmware sent no watchdog ping for 30 s");
    }

    [Fact]
    public void FirmwareThatNeverPings_IsNotWatched()
    {
        var scene = Scene.Trial().AgentReady();
        scene.Pass(299);
        Assert.False(scene.Now.Stopping);
    }

    [Fact]
    public void WatchdogOfZero_IsOff()
    {
        var scene = Scene.Trial(settings: new() { Watchdog = TimeSpan.Zero }).AgentReady();
        scene.Pass(20);
        scene.Take(new SupervisionEvent.FirmwarePinged());
        scene.Pass(200);
        Assert.False(scene.Now.Stopping);
    }

    [Fact]
    public void AgentThatIsNeverReady_FallsBack()
    {
        var scene = Scene.Trial();
        scene.Pass(60);
        AssertFellBack(scene, OutcomeCode.AgentNotReady, "the agent was not reachable within 60 s");
    }

    [Fact]
    public void AgentThatCrashesAgainAndAgain_FallsBackOnceItWasAwayForTheTimeout()
    {
        var scene = Scene.Trial().AgentReady();
        scene.Pass(20);
        for (var crash = 0; crash < 5; crash++)
        {
            scene.Take(new SupervisionEvent.AgentExited(new ExitStatus(1, 0)));
            scene.Pass(9);
        }
        Assert.False(scene.Now.Stopping);
        scene.Pass(15);
        AssertFellBack(scene, OutcomeCode.AgentNotReady, "the agent was not reachable within 60 s");
    }

    [Fact]
    public void AgentThatComesBackInTime_LetsTheTrialGoOn()
    {
        var scene = Scene.Trial().AgentReady();
        scene.Take(new SupervisionEvent.AgentExited(new ExitStatus(0, 9)));
        scene.Pass(59);
        scene.AgentReady();
        scene.Pass(100);
        Assert.False(scene.Now.Stopping);
    }

    [Fact]
    public void AgentThatRefusesTheConfiguration_FallsBackAtOnce()
    {
        var scene = Scene.Trial();
        scene.Take(new SupervisionEvent.AgentExited(new ExitStatus(78, 0)));
        AssertFellBack(scene, OutcomeCode.AgentUnusable, "the agent cannot work with the new configuration");
    }

    [Fact]
    public void EmbeddedAgent_HasNoDeadlineOfItsOwn()
    {
        var scene = Scene.Trial(settings: new() { AgentEmbedded = true });
        scene.Pass(200);
        Assert.False(scene.Now.Stopping);
    }

    [Fact]
    public void Revert_FallsBackAndAnswersFirst()
    {
        var scene = Scene.Trial();
        Assert.True(scene.Ask(new BootRequest.Revert(null)).Done);
        Assert.IsType<SupervisionEffect.Answer>(scene.Last.Effects[0]);
        AssertFellBack(scene, OutcomeCode.Reverted, "reverted by command");
    }

    [Fact]
    public void ForcedRestart_FallsBack()
    {
        var scene = Scene.Trial();
        Assert.True(scene.Ask(new BootRequest.Restart(null, true)).Done);
        AssertFellBack(scene, OutcomeCode.RestartForced, "a restart was forced during the trial");
    }

    [Fact]
    public void ChangedSettings_AreToldWithTheReason()
    {
        var scene = Scene.Trial();
        var changed = scene.Now with { SettingsChanged = true };
        var step = SupervisionMachine.Take(changed, new SupervisionEvent.FirmwareExited(new ExitStatus(1, 0)), scene.Moment);
        Assert.EndsWith("settings changed during the trial were lost with it", step.Store!.LastOutcome!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void BootLoaderToldToEnd_StoresNothing()
    {
        var scene = Scene.Trial();
        scene.Take(new SupervisionEvent.EndAsked());
        Assert.Null(scene.Last.Store);
        Assert.Equal([new SupervisionEffect.StopAll()], scene.Last.Effects);
        Assert.Equal([new SupervisionEffect.End()], scene.Take(new SupervisionEvent.AllStopped()).Effects);
    }

    [Fact]
    public void EndAskedWhileFallingBack_Ends()
    {
        var scene = Scene.Trial();
        scene.Ask(new BootRequest.Revert(null));
        scene.Take(new SupervisionEvent.EndAsked());
        Assert.Equal([new SupervisionEffect.End()], scene.Take(new SupervisionEvent.AllStopped()).Effects);
    }

    [Fact]
    public void Commit_IsStoredThenAnsweredAndEndsTheDeadline()
    {
        var scene = Scene.Trial().AgentReady();
        var answer = scene.Ask(new BootRequest.Commit(null));
        Assert.Equal((true, scene.Now.Record.Sequence), (answer.Done, answer.Sequence));
        Assert.Equal(scene.Now.Record, scene.Last.Store);
        Assert.Equal(SlotState.Committed, scene.Now.Record[SlotId.One].State);
        Assert.Contains(new SupervisionEffect.KeepCommitted(), scene.Last.Effects);
        Assert.Null(scene.Now.CommitDeadline);
        scene.Pass(100_000);
        Assert.False(scene.Now.Stopping);
    }

    [Fact]
    public void TimeoutZero_CommitsWhenReadyHasHeld()
    {
        var scene = Scene.Trial(0).AgentReady();
        scene.Pass(19.9);
        Assert.False(scene.Now.Record.Committed);
        scene.Pass(0.1);
        Assert.True(scene.Now.Record.Committed);
        Assert.False(scene.Now.Stopping);
    }

    [Fact]
    public void TimeoutZeroWithoutAnAgent_FallsBackInsteadOfCommitting()
    {
        var scene = Scene.Trial(0);
        scene.Pass(59.9);
        Assert.False(scene.Now.Record.Committed);
        scene.Pass(0.1);
        AssertFellBack(scene, OutcomeCode.AgentNotReady, "the agent was not reachable within 60 s");
    }

    [Fact]
    public void TimeoutZeroWithLateAgent_CommitsWhenItIsThere()
    {
        var scene = Scene.Trial(0);
        scene.Pass(40);
        scene.AgentReady();
        scene.Pass(0);
        Assert.True(scene.Now.Record.Committed);
    }

    [Fact]
    public void TimeoutZeroWithAnEmbeddedAgent_NeedsOnlyTheFirmware()
    {
        var scene = Scene.Trial(0, new() { AgentEmbedded = true });
        scene.Pass(20);
        Assert.True(scene.Now.Record.Committed);
    }

    [Fact]
    public void TimeoutZeroWithNotify_WaitsForReady()
    {
        var scene = Scene.Trial(0, Notify).AgentReady();
        scene.Pass(50);
        scene.Take(new SupervisionEvent.FirmwareReady());
        scene.Pass(9.9);
        Assert.False(scene.Now.Record.Committed);
        scene.Pass(0.1);
        Assert.True(scene.Now.Record.Committed);
    }

    [Fact]
    public void TrialWithNothingToFallBackTo_IsNotEndedByItsExitOrDeadline()
    {
        var scene = Scene.LonelyTrial(5);
        scene.Take(new SupervisionEvent.FirmwareExited(new ExitStatus(1, 0)));
        scene.Pass(8);
        Assert.False(scene.Now.Stopping);
        Assert.False(scene.Now.Record.Committed);
    }

    [Fact]
    public void TrialWithNothingToFallBackTo_CommitsWhenReadyHasHeld()
    {
        var scene = Scene.LonelyTrial(5).AgentReady();
        scene.Pass(20);
        Assert.True(scene.Now.Record.Committed);
    }

    [Fact]
    public void EventsAfterTheOutcome_ChangeNothing()
    {
        var scene = Scene.Trial();
        scene.Ask(new BootRequest.Revert(null));
        var after = scene.Now;
        SupervisionEvent[] late =
        [
            new SupervisionEvent.FirmwareExited(new ExitStatus(1, 0)), new SupervisionEvent.FirmwareReady(),
            new SupervisionEvent.FirmwarePinged(), new SupervisionEvent.AgentReady(),
            new SupervisionEvent.AgentExited(new ExitStatus(1, 0)), new SupervisionEvent.FirmwareStartFailed("late"),
            new SupervisionEvent.TimePassed(),
        ];
        foreach (var happened in late)
        {
            var step = scene.Take(happened);
            Assert.Null(step.Store);
            Assert.Empty(step.Effects);
            Assert.Equal(after, step.Next);
        }
    }

    private static void AssertFellBack(Scene scene, OutcomeCode code, string text)
    {
        Assert.Equal((code, text), (scene.Reason.Code, scene.Reason.Text));
        Assert.Equal((SlotId.One, "1.1.0"), (scene.Reason.Slot, scene.Reason.Version));
        Assert.Equal(scene.Now.Record, scene.Last.Store);
        Assert.Equal((SlotId.Zero, true), (scene.Now.Record.Active, scene.Now.Record.Committed));
        Assert.Equal(SlotState.Failed, scene.Now.Record[SlotId.One].State);
        Assert.Equal(
            [new SupervisionEffect.StopAll(), new SupervisionEffect.KeepOutput()],
            scene.Last.Effects.Where(effect => effect is not SupervisionEffect.Answer));
        Assert.Equal([new SupervisionEffect.BootAgain()], scene.Take(new SupervisionEvent.AllStopped()).Effects);
    }
}
