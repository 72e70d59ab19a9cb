using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Core.Tests.Boot;

/// <summary>The boot loader's part of a health contract: the end of the trial and its reason.</summary>
public sealed class HealthEndingTests
{
    [Fact]
    public void MaximumTime_IsTheDeadline_WhereTheUpdateNamesNone()
    {
        var scene = Scene.HealthTrial().AgentReady();
        scene.Take(new SupervisionEvent.FirmwareReady());
        Assert.Equal(120, scene.Now.CommitTimeoutSeconds);
        scene.Pass(119.9);
        Assert.False(scene.Now.Stopping);
        scene.Pass(0.1);
        Assert.Equal((OutcomeCode.NoCommit, "no commit within 120 s"), (scene.Reason.Code, scene.Reason.Text));
    }

    [Theory]
    [InlineData(5, 5)]
    [InlineData(600, 120)]
    public void CommitTimeout_AndTheMaximumTime_TheEarlierIsTheDeadline(int commitTimeout, int seconds)
    {
        var scene = Scene.HealthTrial(commitTimeout).AgentReady();
        scene.Take(new SupervisionEvent.FirmwareReady());
        Assert.Equal(seconds, scene.Now.CommitTimeoutSeconds);
        scene.Pass(seconds - 0.1);
        Assert.False(scene.Now.Stopping);
        scene.Pass(0.1);
        Assert.Equal(OutcomeCode.NoCommit, scene.Reason.Code);
    }

    [Fact]
    public void WhatWasToldLast_IsTheReason()
    {
        var scene = Scene.HealthTrial().AgentReady();
        Assert.True(scene.Ask(new BootRequest.Health(null, "web: HTTP 500", false)).Done);
        Assert.Null(scene.Last.Store);
        scene.Pass(60);
        Assert.True(scene.Ask(new BootRequest.Health(null, "web: no answer within 5 s", false)).Done);
        scene.Pass(60);
        Assert.Equal(
            (OutcomeCode.HealthFailed, "the health contract did not hold within 120 s: web: no answer within 5 s"),
            (scene.Reason.Code, scene.Reason.Text));
        Assert.Equal(SlotId.Zero, scene.Now.Record.Active);
        Assert.True(scene.Now.Record.Committed);
    }

    [Fact]
    public void AllHeldLast_IsNoReason()
    {
        var scene = Scene.HealthTrial().AgentReady();
        scene.Ask(new BootRequest.Health(null, "web: HTTP 500", false));
        scene.Ask(new BootRequest.Health(null, "", false));
        scene.Pass(120);
        Assert.Equal(OutcomeCode.NoCommit, scene.Reason.Code);
    }

    [Fact]
    public void ContractThatCannotHold_FallsBackAtOnce()
    {
        var scene = Scene.HealthTrial().AgentReady();
        Assert.True(scene.Ask(new BootRequest.Health(null, "health.json: expected an object, found an array", true)).Done);
        Assert.True(scene.Now.Stopping);
        Assert.Equal("the health contract cannot hold: health.json: expected an object, found an array", scene.Reason.Text);
    }

    [Fact]
    public void Commit_EndsIt()
    {
        var scene = Scene.HealthTrial().AgentReady();
        scene.Ask(new BootRequest.Health(null, "web: HTTP 500", false));
        Assert.True(scene.Ask(new BootRequest.Commit(null)).Done);
        scene.Pass(1000);
        Assert.Null(scene.Now.Record.LastOutcome);
        Assert.Equal(0, scene.Now.CommitTimeoutSeconds);
    }

    [Fact]
    public void WithoutAFallback_ThereIsNoEnd()
    {
        var scene = new Scene(
            Records.Trial(0) with { Fallback = null }, RunMode.Trial, SlotId.One, healthMaxTime: TimeSpan.FromSeconds(120));
        Assert.Null(scene.Now.CommitDeadline);
        Assert.True(scene.Ask(new BootRequest.Health(null, "web: HTTP 500", true)).Done);
        Assert.False(scene.Now.Stopping);
    }
}
