using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Core.Tests.Boot;

public sealed class SupervisionRequestTests
{
    private static readonly BootRequest Commit = new BootRequest.Commit(null);
    private static readonly BootRequest Revert = new BootRequest.Revert(null);
    private static readonly BootRequest Restart = new BootRequest.Restart(null, false);
    private static readonly BootRequest Activate = new BootRequest.Activate(null, null);
    private static readonly BootRequest Begin = new BootRequest.Invalidate(null, SlotId.Zero, true);

    /// <summary>What is asked when, and the refusal in full.</summary>
    private static readonly Dictionary<string, (Func<Scene> When, BootRequest Asked, BootRefusal Refusal, string Text)> Refusals =
        new()
        {
            ["commit when committed"] = (() => Scene.Committed(), Commit, BootRefusal.AlreadyCommitted,
                "already committed; there is nothing to commit"),
            ["revert when committed"] = (() => Scene.Committed(), Revert, BootRefusal.AlreadyCommitted,
                "already committed; there is nothing to revert"),
            ["commit when armed"] = (Scene.Armed, Commit, BootRefusal.NotRunningYet,
                "the new firmware in slot 0 is not running yet; commit it after the restart"),
            ["begin when armed"] = (Scene.Armed, Begin, BootRefusal.NotRunningYet,
                "slot 0 waits for the restart; restart, or revert to cancel it"),
            ["begin in a trial"] = (() => Scene.Trial(), Begin, BootRefusal.NotCommitted,
                "the previous update has not been committed yet; commit or revert it first"),
            ["restart in a trial"] = (() => Scene.Trial(), Restart, BootRefusal.TrialRunning,
                "a restart would undo the update; commit or revert first"),
            ["begin while another installs"] = (() => Installing(Scene.Stranger), Begin, BootRefusal.UpdateRunning,
                "another update is in progress"),
            ["restart while another installs"] = (() => Installing(Scene.Stranger), Restart, BootRefusal.UpdateRunning,
                "an update is in progress; wait for its end"),
            ["begin in the running slot"] = (() => Scene.Committed(), new BootRequest.Invalidate(null, SlotId.One, true),
                BootRefusal.WrongSlot, "slot 1 cannot be written; the update goes into slot 0"),
            ["begin over the only intact slot"] = (() => Scene.Committed(), new BootRequest.Invalidate(null, SlotId.Zero, false),
                BootRefusal.OnlyIntactSlot,
                "the image of the running slot 1 is damaged and slot 0 is the only intact one; restart first"),
            ["arm without a begin"] = (() => Scene.Committed(), Arm(), BootRefusal.NotInvalidated,
                "slot 0 was not invalidated by this installation; begin the update again"),
            ["arm what another began"] = (() => Installing(Scene.Stranger), Arm(), BootRefusal.NotInvalidated,
                "slot 0 was not invalidated by this installation; begin the update again"),
            ["arm the running slot"] = (() => Installing(Scene.Agent), Arm(slot: 1), BootRefusal.NotInvalidated,
                "slot 1 was not invalidated by this installation; begin the update again"),
            ["arm with a negative timeout"] = (() => Installing(Scene.Agent), Arm(-1), BootRefusal.BadRequest,
                "commit_timeout must be 0 to 604800 seconds, not -1"),
            ["arm with eight days"] = (() => Installing(Scene.Agent), Arm(691200), BootRefusal.BadRequest,
                "commit_timeout must be 0 to 604800 seconds, not 691200"),
            ["activate nothing"] = (() => Scene.Committed(), Activate, BootRefusal.NothingHeld,
                "there is no installed update to activate; install one with activate false first"),
            ["activate twice"] = (Scene.Armed, Activate, BootRefusal.NothingHeld,
                "an installed update is activated already and waits for the restart"),
            ["activate for eight days"] = (Held, new BootRequest.Activate(null, 691200), BootRefusal.BadRequest,
                "commit_timeout must be 0 to 604800 seconds, not 691200"),
            ["activate while another installs"] = (() => Installing(Scene.Stranger), Activate, BootRefusal.UpdateRunning,
                "an update is in progress; wait for its end"),
            ["hold without a begin"] = (() => Scene.Committed(), new BootRequest.Hold(null, SlotId.Zero, Records.Slot("1.2.0"), 0, false),
                BootRefusal.NotInvalidated, "slot 0 was not invalidated by this installation; begin the update again"),
            ["keep a snapshot without a begin"] = (() => Scene.Committed(), new BootRequest.KeepSnapshot(null, SlotId.Zero, true, 0),
                BootRefusal.NotInvalidated, "slot 0 was not invalidated by this installation; begin the update again"),
            ["set nothing"] = (() => Scene.Committed(), Set(new()), BootRefusal.BadRequest,
                "nothing to set: expected active_slot, revert_slot, is_committed or commit_timeout"),
            ["set a broken slot"] = (() => Scene.Committed(), new BootRequest.SetState(null, new() { Active = SlotId.Zero }, "slot 0 is no good"),
                BootRefusal.NotBootable, "slot 0 is no good"),
            ["set an empty slot"] = (() => new Scene(Records.Factory, RunMode.Committed, SlotId.Zero),
                Set(new() { Active = SlotId.One, Committed = false }), BootRefusal.NotBootable,
                "slot 1 cannot be started: it holds nothing that was ever committed"),
            ["set while another installs"] = (() => Installing(Scene.Stranger), Set(new() { Committed = false }), BootRefusal.UpdateRunning,
                "an update is in progress; wait for its end"),
            ["set when armed"] = (Scene.Armed, Set(new() { Active = SlotId.One }), BootRefusal.NotRunningYet,
                "an update in slot 0 waits for the restart; restart, or revert to cancel it"),
            ["set in a trial"] = (() => Scene.Trial(), Set(new() { Committed = true }), BootRefusal.TrialRunning,
                "a trial runs; commit or revert it first (commit_timeout alone may be set)"),
            ["set a held slot active"] = (Held, Set(new() { Active = SlotId.One, Committed = false }), BootRefusal.UpdateHeld,
                "an installed update waits in slot 1, and has to be merged before it runs; activate it, or revert to discard it"),
            ["set the running slot on trial beside a held update"] = (Held, Set(new() { Committed = false }), BootRefusal.UpdateHeld,
                "an installed update waits in slot 1, and has to be merged before it runs; activate it, or revert to discard it"),
            ["set a held slot as the fallback"] = (Held, Set(new() { SetsFallback = true, Fallback = SlotId.One }), BootRefusal.NotCommitted,
                "slot 1 has never been committed and cannot be the fallback: a fall back gives no trial"),
            ["set a slot as its own fallback"] = (() => Scene.Committed(), Set(new() { SetsFallback = true, Fallback = SlotId.One }),
                BootRefusal.BadRequest, "slot 1 cannot be its own fallback; name the other slot, or -1 for none"),
            ["on an older sequence"] = (() => Scene.Committed(), new BootRequest.Commit(1), BootRefusal.RecordMoved,
                "the boot record has moved from 1 to 5; read the status and decide again"),
            ["anything while stopping"] = (Stopping, Commit, BootRefusal.Stopping,
                "the device is restarting; ask again when it is back"),
            ["health when committed"] = (() => Scene.Committed(), new BootRequest.Health(null, "web: HTTP 500", true), BootRefusal.AlreadyCommitted,
                "already committed; there is no trial"),
            ["commit in recovery"] = (Scene.Recovery, Commit, BootRefusal.AlreadyCommitted,
                "already committed; there is nothing to commit"),
            ["revert what was armed in recovery"] = (ArmedInRecovery, Revert, BootRefusal.NotRunningYet,
                "there is nothing to go back to; restart to try the new firmware in slot 0"),
            ["revert a trial with nothing to go back to"] = (() => Scene.LonelyTrial(), Revert, BootRefusal.AlreadyCommitted,
                "there is no other firmware to go back to; commit this one"),
        };

    public static TheoryData<string> Situations => [.. Refusals.Keys];

    [Theory]
    [MemberData(nameof(Situations))]
    public void RequestInTheWrongState_IsRefusedAndChangesNothing(string situation)
    {
        var row = Refusals[situation];
        var scene = row.When();
        var before = scene.Now;
        var answer = scene.Ask(row.Asked);
        Assert.Equal((row.Refusal, row.Text), (answer.Refusal, answer.Text));
        Assert.Equal(before.Record.Sequence, answer.Sequence);
        Assert.Equal(before, scene.Now);
        Assert.Null(scene.Last.Store);
        Assert.Single(scene.Last.Effects);
    }

    [Fact]
    public void InstallerThatGoesAway_LeavesNothing()
    {
        var scene = Scene.Committed();
        scene.Ask(new BootRequest.Invalidate(null, SlotId.Zero, true));
        Assert.Empty(scene.Take(new SupervisionEvent.Disconnected(Scene.Stranger)).Effects);
        Assert.Equal([new SupervisionEffect.RemoveLeftovers()], scene.Take(new SupervisionEvent.Disconnected(Scene.Agent)).Effects);
        Assert.Null(scene.Now.Lease);
        Assert.Empty(scene.Take(new SupervisionEvent.Disconnected(Scene.Agent)).Effects);
    }

    [Fact]
    public void EveryRefusal_HasARow() => Assert.Equal(
        Enum.GetValues<BootRefusal>().Except([BootRefusal.None, BootRefusal.RecordNotWritable]).Order(),
        Refusals.Values.Select(row => row.Refusal).Distinct().Order());

    [Fact]
    public void Install_InvalidatesThenArms()
    {
        var scene = Scene.Committed();
        Assert.True(scene.Ask(Begin).Done);
        Assert.Equal((SlotState.Empty, (SlotId?)null), (scene.Now.Record[SlotId.Zero].State, scene.Now.Record.Fallback));
        Assert.Equal(Scene.Agent, scene.Now.Lease);
        Assert.True(scene.Ask(Arm()).Done);
        Assert.True(scene.Now.Armed);
        Assert.Null(scene.Now.Lease);
        Assert.Equal((SlotId.Zero, (SlotId?)SlotId.One), (scene.Now.Record.Active, scene.Now.Record.Fallback));
        Assert.True(scene.Ask(Restart).Done);
        Assert.True(scene.Now.Stopping);
    }

    [Fact]
    public void AgentThatEndsBeforeItAskedForTheRestart_TheArmedUpdateStartsAllTheSame()
    {
        var scene = Scene.Armed();
        var step = scene.Take(new SupervisionEvent.AgentExited(new ExitStatus(0, 9), ""));
        Assert.Equal([new SupervisionEffect.StopAll()], step.Effects);
        Assert.Null(step.Store);
        Assert.Equal([new SupervisionEffect.BootAgain()], scene.Take(new SupervisionEvent.AllStopped()).Effects);
    }

    [Fact]
    public void FirmwareThatHostsTheAgentAndEndsBeforeItAskedForTheRestart_TheArmedUpdateStartsAllTheSame()
    {
        var scene = Scene.Committed(new() { AgentEmbedded = true });
        scene.Ask(new BootRequest.Invalidate(null, SlotId.Zero, true));
        scene.Ask(new BootRequest.Arm(null, SlotId.Zero, Records.Slot("1.2.0"), 300));
        Assert.Equal([new SupervisionEffect.StopAll()], scene.Take(new SupervisionEvent.FirmwareExited(new ExitStatus(0, 9))).Effects);
    }

    [Fact]
    public void RevertOfAnArmedUpdate_CancelsIt()
    {
        var scene = Scene.Armed();
        Assert.True(scene.Ask(Revert).Done);
        Assert.Equal((SlotId.One, true, false), (scene.Now.Record.Active, scene.Now.Record.Committed, scene.Now.Armed));
        Assert.Equal(SlotState.Empty, scene.Now.Record[SlotId.Zero].State);
        Assert.False(scene.Now.Stopping);
        Assert.True(scene.Ask(Begin).Done);
    }

    [Fact]
    public void InstallerThatIsGone_FreesTheLease()
    {
        var scene = Installing(Scene.Stranger);
        scene.Take(new SupervisionEvent.Disconnected(Scene.Agent));
        Assert.Equal(BootRefusal.UpdateRunning, scene.Ask(Begin).Refusal);
        scene.Take(new SupervisionEvent.Disconnected(Scene.Stranger));
        Assert.True(scene.Ask(Begin).Done);
    }

    [Fact]
    public void InstallerThatCameBack_MustBeginAgain()
    {
        var scene = Installing(Scene.Agent);
        scene.Take(new SupervisionEvent.Disconnected(Scene.Agent));
        Assert.Equal(BootRefusal.NotInvalidated, scene.Ask(Arm()).Refusal);
    }

    [Fact]
    public void RestartByTheInstaller_IsDone() => Assert.True(Installing(Scene.Agent).Ask(Restart).Done);

    [Fact]
    public void ForcedRestartWhileAnotherInstalls_IsDone() =>
        Assert.True(Installing(Scene.Stranger).Ask(new BootRequest.Restart(null, true)).Done);

    [Fact]
    public void Recovery_TakesAnUpdateThoughTheRecordIsUncommitted()
    {
        var scene = ArmedInRecovery();
        Assert.True(scene.Now.Armed);
        Assert.Equal((SlotId.Zero, (SlotId?)null, false), (scene.Now.Record.Active, scene.Now.Record.Fallback, scene.Now.Record.Committed));
        Assert.True(scene.Ask(Restart).Done);
    }

    [Fact]
    public void RecoveryWithACommittedRecord_TakesAnUpdateIntoTheSlotThatWasNotActive()
    {
        var scene = new Scene(Records.Committed, RunMode.Recovery, null);
        Assert.Equal(BootRefusal.WrongSlot, scene.Ask(new BootRequest.Invalidate(null, SlotId.One, true)).Refusal);
        Assert.True(scene.Ask(Begin).Done);
    }

    [Fact]
    public void DamagedRunningSlot_TakesAnUpdateWhenTheOtherIsNotBootableEither()
    {
        var scene = new Scene(Records.Factory, RunMode.Committed, SlotId.Zero);
        Assert.True(scene.Ask(new BootRequest.Invalidate(null, SlotId.One, false)).Done);
    }

    [Fact]
    public void RequestOnTheSequenceInForce_IsDone() =>
        Assert.True(Scene.Trial().Ask(new BootRequest.Commit(Records.Trial().Sequence)).Done);

    [Fact]
    public void HeldUpdate_IsActivatedWithTheTimeoutItCameWith()
    {
        var scene = Installing(Scene.Agent);
        Assert.True(scene.Ask(new BootRequest.Hold(null, SlotId.Zero, Records.Slot("1.2.0"), 60, true)).Done);
        Assert.Equal((SlotId.Zero, false, (long?)null), (scene.Now.Held!.Value, scene.Now.Armed, scene.Now.Lease));
        Assert.True(scene.Ask(Activate).Done);
        Assert.Equal(Records.Armed(60).CommitTimeoutSeconds, scene.Now.Record.CommitTimeoutSeconds);
        Assert.Equal((SlotId.Zero, (SlotId?)SlotId.One, true), (scene.Now.Record.Active, scene.Now.Record.Fallback, scene.Now.Record.MergePending));
        Assert.Null(scene.Now.Held);
    }

    [Fact]
    public void RevertOfAHeldUpdate_DiscardsIt()
    {
        var scene = Held();
        Assert.True(scene.Ask(Revert).Done);
        Assert.Equal(SlotState.Empty, scene.Now.Record[SlotId.One].State);
        Assert.Equal((SlotId?)null, scene.Now.Held);
    }

    [Fact]
    public void NewUpdate_ReplacesAHeldOne()
    {
        var scene = Held();
        Assert.True(scene.Ask(new BootRequest.Invalidate(null, SlotId.One, true)).Done);
        Assert.Null(scene.Now.Held);
    }

    [Fact]
    public void OtherSlotSetActive_MakesTheOldOneTheFallback_AndRevertTakesItBack()
    {
        var scene = Scene.Committed();
        Assert.True(scene.Ask(Set(new() { Active = SlotId.Zero })).Done);
        Assert.Equal((SlotId.Zero, (SlotId?)SlotId.One, true), (scene.Now.Record.Active, scene.Now.Record.Fallback, scene.Now.Record.Committed));
        Assert.True(scene.Now.Armed);
        Assert.Equal(BootRefusal.NotRunningYet, scene.Ask(Begin).Refusal);
        Assert.True(scene.Ask(Revert).Done);
        Assert.Equal((SlotId.One, (SlotId?)SlotId.Zero), (scene.Now.Record.Active, scene.Now.Record.Fallback));
        Assert.Equal(SlotState.Committed, scene.Now.Record[SlotId.Zero].State);
    }

    [Fact]
    public void RunningSlotSetOnTrial_IsCommittedOrRevertedAsOneThatRuns()
    {
        var scene = Scene.Committed();
        Assert.True(scene.Ask(Set(new() { Committed = false, CommitTimeoutSeconds = 5 })).Done);
        Assert.Equal((1, false), (scene.Now.Record.TrialAttempts, scene.Now.Record.MergePending));
        Assert.Null(scene.Now.CommitDeadline);
        Assert.Equal(BootRefusal.NotCommitted, scene.Ask(Begin).Refusal);
        Assert.True(scene.Ask(Commit).Done);
        Assert.True(scene.Now.Record.Committed);
        scene.Ask(Set(new() { Committed = false }));
        Assert.True(scene.Ask(Revert).Done);
        Assert.Equal((false, SlotId.One, true), (scene.Now.Stopping, scene.Now.Record.Active, scene.Now.Record.Committed));
        Assert.Equal(SlotId.Zero, scene.Now.Record.Fallback);
    }

    [Fact]
    public void CrashesWhileAnotherSlotIsSetActive_GiveNothingUp()
    {
        var scene = Scene.Committed(new() { MaxCrashes = 2 });
        Assert.True(scene.Ask(Set(new() { Active = SlotId.Zero })).Done);
        var record = scene.Now.Record;
        for (var crash = 0; crash < 3; crash++)
        {
            scene.Take(new SupervisionEvent.FirmwareExited(new ExitStatus(1, 0)));
            scene.Take(new SupervisionEvent.FirmwareStartFailed("no"));
        }
        Assert.Equal(record, scene.Now.Record);
    }

    [Fact]
    public void TimeoutSetInATrial_MovesTheDeadline()
    {
        var scene = Scene.Trial();
        var before = scene.Now.CommitDeadline!.Value;
        Assert.True(scene.Ask(Set(new() { CommitTimeoutSeconds = 600 })).Done);
        Assert.Equal(before + TimeSpan.FromSeconds(300), scene.Now.CommitDeadline);
    }

    private static BootRequest Set(BootStateChange change) => new BootRequest.SetState(null, change, "");

    private static Scene Held() => new(Records.Held, RunMode.Committed, SlotId.Zero);

    private static BootRequest Arm(int timeout = 300, int slot = 0) =>
        new BootRequest.Arm(null, new SlotId(slot), Records.Slot("1.2.0"), timeout);

    private static Scene Installing(long connection)
    {
        var scene = Scene.Committed();
        Assert.True(scene.Ask(Begin, connection).Done);
        return scene;
    }

    private static Scene Stopping()
    {
        var scene = Scene.Trial();
        scene.Ask(Revert);
        return scene;
    }

    private static Scene ArmedInRecovery()
    {
        var scene = Scene.Recovery();
        Assert.False(scene.Now.Armed);
        Assert.True(scene.Ask(Begin).Done);
        Assert.True(scene.Ask(Arm()).Done);
        return scene;
    }
}
