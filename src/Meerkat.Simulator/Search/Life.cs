using Meerkat.Simulator.Machine;

namespace Meerkat.Simulator.Search;

/// <summary>The undisturbed life whose every operation is cut.</summary>
internal static class Life
{
    private const int PieceBytes = 3000;

    /// <summary>
    /// Factory boot, settings, an update by calls, trial, commit; one that crashes and falls back; one that is not committed in time;
    /// a snapshot; one that is held, activated and reverted; one that is cancelled; one that is committed; one
    /// whose health contract does not hold, and one whose does, which commits itself.
    /// </summary>
    public static void Live(SimDevice device)
    {
        device.PowerOn();
        device.SetColour("red");
        device.Put("user/new.txt", "put by the user"u8.ToArray());
        device.InstallByCalls(Release.Of(2), PieceBytes);
        Restart(device);
        Must(device.Commit(), "commit of 2.0.0");
        device.Install(Release.Of(3, FirmwareBehaviour.Crashes));
        Restart(device);
        device.SetColour("green");
        device.RenameFile("user/new.txt", "user/renamed.txt");
        device.RemoveFile("user/01.txt");
        device.Install(Release.Of(4, FirmwareBehaviour.Hangs));
        Restart(device);
        device.Pass(TimeSpan.FromMinutes(10));
        Must(device.Snapshot(), "a snapshot");
        device.Install(Release.Of(5), activate: false);
        Must(device.Activate(), "the activation of a held update");
        Restart(device);
        Must(device.Revert(), "the revert of a trial");
        device.Install(Release.Of(6), whole: false);
        device.Install(Release.Of(7));
        Restart(device);
        Must(device.Commit(), "commit of 7.0.0");
        device.Install(Release.Of(8, FirmwareBehaviour.BreaksContract));
        Restart(device);
        device.Pass(TimeSpan.FromSeconds(Release.MaxTimeSeconds + 1));
        Must(device.Truth is { Good.Number: 7, Told.Code: Core.Boot.OutcomeCode.HealthFailed }, "the end of a contract that never held");
        device.Install(Release.Of(9, FirmwareBehaviour.KeepsContract));
        Restart(device);
        device.Pass(TimeSpan.FromSeconds(Release.MinTimeSeconds + 1));
        Must(device.Truth.Good.Number == 9, "a contract that held, as a commit");
    }

    /// <summary>A whole update, as every device must be able to take it after whatever came before.</summary>
    public static void NextUpdate(SimDevice device, Release release)
    {
        if (device.Truth.Stage == Stage.Trial)
        {
            Must(device.Commit(), $"commit of {device.Truth.Candidate}");
        }
        if (device.Truth.Stage == Stage.Held)
        {
            Must(device.Revert(), "the cancelling of a held update");
        }
        var result = device.Install(release, pieces: 1);
        Must(result is { NeedsRestart: true }, $"the update to {release} ({result?.Message ?? "no answer"})");
        Restart(device);
        Must(device.Truth.Stage == Stage.Trial, $"the trial of {release}");
        Must(device.Commit(), $"commit of {release}");
    }

    public static void Restart(SimDevice device) => device.Pass(TimeSpan.FromSeconds(1));

    private static void Must(bool done, string what)
    {
        if (!done)
        {
            throw DeviceChecks.Broken($"the device did not take {what}");
        }
    }
}
