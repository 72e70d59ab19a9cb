using System.Text.Json.Nodes;
using Meerkat.Boot.Posix;
using Meerkat.Core.Values;
using Meerkat.Device.Provisioning;
using Meerkat.Simulator.Medium;
using Meerkat.Storage;

namespace Meerkat.Simulator.Machine;

/// <summary>Makes the device that every simulated life begins with.</summary>
internal static class Factory
{
    /// <summary>So many files of the user's are there from the beginning, and merged by every update.</summary>
    public const int UserFiles = 20;

    public const long CapacityBytes = 128 * 1024;

    private const int ReserveBytes = 4096;

    public static readonly DateTimeOffset Birth = new(2026, 11, 1, 12, 0, 0, TimeSpan.Zero);

    /// <param name="clock">Of the world.</param>
    /// <param name="userFiles">How many files the user has put there.</param>
    /// <param name="trialAttempts">As board.json names them.</param>
    public static (SimVolume Medium, Truth Truth) Make(SimClock clock, int userFiles = UserFiles, int trialAttempts = 1)
    {
        var medium = new SimVolume(CapacityBytes, clock.GetUtcNow);
        var release = Release.Of(1);
        using (var bundle = new MemoryStream(release.Bundle))
        {
            var settings = new JsonObject
            {
                ["boot"] = new JsonObject { ["ready"] = "notify" },
                ["device"] = new JsonObject { ["id"] = "simulated" },
            };
            // Numbers need no look into the machine's own table of users.
            var user = UserId.Current.User.ToString(System.Globalization.CultureInfo.InvariantCulture);
            DeviceProvisioner.Fill(medium, bundle, user, false, Release.Platform, settings, UserId.Current, _ => { });
        }
        var board = JsonNode.Parse(medium.ReadSmall("board.json", 1 << 20))!.AsObject();
        board["trial_attempts"] = trialAttempts;
        board["reserve"] = ReserveBytes;
        medium.Replace("board.json", board.ToJsonString(), 0x1A4);
        var files = AddUserFiles(medium, release.Shipped, userFiles);
        // A device leaves the factory after everything on it has reached the medium.
        var shipped = medium.AfterCrash(CrashOutcome.Everything, clock.GetUtcNow);
        return (shipped, new Truth { Good = release, GoodSlot = SlotId.Zero, Files = files, Attempts = trialAttempts });
    }

    private static FileTree AddUserFiles(SimVolume medium, FileTree files, int count)
    {
        var top = SlotPaths.Files(SlotId.Zero);
        medium.CreateDirectory($"{top}/user", 0x1ED);
        medium.CreateDirectory($"{top}/user/empty", 0x1C0);
        medium.CreateLink($"{top}/user/link", "00.txt");
        files = files.With("user", FileFact.Directory())
            .With("user/empty", FileFact.Directory(0x1C0))
            .With("user/link", FileFact.Link("00.txt"));
        for (var index = 0; index < count; index++)
        {
            var bytes = new byte[20 + 17 * index];
            new Random(index).NextBytes(bytes);
            var path = FormattableString.Invariant($"user/{index:00}.txt");
            var mode = index % 5 == 0 ? 0x180 : 0x1A4;
            using (var file = medium.Create($"{top}/{path}", mode))
            {
                file.Write(bytes, 0);
            }
            files = files.With(path, FileFact.File(bytes, mode));
        }
        return files;
    }
}
