using Meerkat.Core.Boot;

namespace Meerkat.Core.Tests.Boot;

public sealed class BootOutcomeTests
{
    private static readonly Dictionary<OutcomeCode, (long Number, string Name, string Text)> Rows = new()
    {
        [OutcomeCode.None] = (0, "none", "none"),
        [OutcomeCode.NoCommit] = (300, "no_commit", "no commit within 300 s"),
        [OutcomeCode.Exited] = (7, "exited", "firmware exited with code 7 after 2.1 s"),
        [OutcomeCode.Signaled] = (11, "signaled", "firmware was killed by signal 11 (SIGSEGV) after 2.1 s"),
        [OutcomeCode.NotReady] = (60, "not_ready", "firmware was not ready within 60 s"),
        [OutcomeCode.WatchdogStarved] = (30, "watchdog_starved", "firmware sent no watchdog ping for 30 s"),
        [OutcomeCode.Reverted] = (0, "reverted", "reverted by command"),
        [OutcomeCode.BootLoaderStopped] =
            (0, "boot_loader_stopped", "the boot loader was stopped during the trial (same kernel boot)"),
        [OutcomeCode.PowerLost] = (0, "power_lost", "power was cut or the machine restarted during the trial"),
        [OutcomeCode.MergeFailed] = (3, "merge_failed", "the file systems could not be merged in 3 attempts"),
        [OutcomeCode.ImageBroken] = (0, "image_broken", "the committed image is damaged"),
        [OutcomeCode.NewImageBroken] = (0, "new_image_broken", "the new image is damaged"),
        [OutcomeCode.AgentNotReady] = (60, "agent_not_ready", "the agent was not reachable within 60 s"),
        [OutcomeCode.RecordNotWritable] = (0, "record_not_writable", "the boot record is not writable"),
        [OutcomeCode.TooManyCrashes] = (5, "too_many_crashes", "firmware crashed 5 times in a row"),
        [OutcomeCode.RestartForced] = (0, "restart_forced", "a restart was forced during the trial"),
        [OutcomeCode.StartFailed] = (0, "start_failed", "firmware could not be started"),
        [OutcomeCode.AgentUnusable] = (0, "agent_unusable", "the agent cannot work with the new configuration"),
        [OutcomeCode.RecordLost] = (0, "record_lost", "both copies of the boot record were unreadable"),
        [OutcomeCode.HealthFailed] = (300, "health_failed", "the health contract did not hold within 300 s"),
    };

    [Fact]
    public void EveryCode_HasARow() => Assert.Equal(Enum.GetValues<OutcomeCode>().Order(), Rows.Keys.Order());

    [Theory]
    [MemberData(nameof(Codes))]
    public void Code_HasItsNameAndWords(OutcomeCode code)
    {
        var outcome = Records.Outcome(code, Rows[code].Number);
        Assert.Equal((Rows[code].Name, Rows[code].Text), (outcome.Name, outcome.Text));
    }

    public static TheoryData<OutcomeCode> Codes => [.. Enum.GetValues<OutcomeCode>()];

    [Fact]
    public void CodeOfANewerVersion_StillSaysSomething() =>
        Assert.Equal("reason 999, which a newer version wrote", Records.Outcome((OutcomeCode)999).Text);

    [Fact]
    public void Detail_Follows() =>
        Assert.Equal(
            "firmware could not be started: cannot execute image: Exec format error",
            Records.Outcome(OutcomeCode.StartFailed, 0, "cannot execute image: Exec format error").Text);

    [Fact]
    public void LostSettings_AreTold() =>
        Assert.Equal(
            "no commit within 5 s; settings changed during the trial were lost with it",
            (Records.Outcome(OutcomeCode.NoCommit, 5) with { SettingsLost = true }).Text);

    [Theory]
    [InlineData(OutcomeCode.PowerLost, 0, "power was cut or the machine restarted during the trial")]
    [InlineData(OutcomeCode.PowerLost, 1, "power was cut or the machine restarted during the trial")]
    [InlineData(OutcomeCode.PowerLost, 3, "power was cut or the machine restarted in each of 3 attempts of the trial")]
    [InlineData(OutcomeCode.Exited, 1, "firmware exited with code 0 after 2.1 s")]
    [InlineData(OutcomeCode.Exited, 2, "firmware exited with code 0 after 2.1 s, in attempt 2 of the trial")]
    public void Attempts_AreToldWhenThereWereMore(OutcomeCode code, byte attempts, string text) =>
        Assert.Equal(text, (Records.Outcome(code) with { Attempts = attempts }).Text);

    [Theory]
    [InlineData(9, "SIGKILL")]
    [InlineData(64, "unnamed")]
    public void Signal_HasItsName(long number, string name) => Assert.Equal(name, SignalName.Of(number));
}
