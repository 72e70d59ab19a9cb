using System.Text.Json.Nodes;
using Meerkat.Core.Settings;
using Meerkat.Core.Values;
using Meerkat.EndToEnd.Tests.Harness;
using Meerkat.Simulator.Machine;
using Meerkat.Simulator.Medium;

namespace Meerkat.EndToEnd.Tests.SystemCalls;

/// <summary>A life of a real device whose system calls strace has written down.</summary>
/// <param name="Root">The device's directory; it may be gone.</param>
/// <param name="Before">The directory before the device was started.</param>
/// <param name="After">The same after its end.</param>
/// <param name="First">What the world knew at the beginning.</param>
/// <param name="Notes">What it learned, in the order of time.</param>
/// <param name="Events">What strace saw.</param>
internal sealed record RecordedLife(
    string Root, SimVolume Before, SimVolume After, Truth First, IReadOnlyList<Note> Notes, IReadOnlyList<TraceEvent> Events)
{
    private const string ExitScript = "exit 7";

    /// <summary>
    /// Factory boot, a setting and a file of the user's, an update by push, its trial and commit, and an update whose firmware exits.
    /// </summary>
    /// <param name="bootLoader">The program <c>meerkat-boot</c>, beside its agent.</param>
    public static async Task<RecordedLife> LiveAsync(string bootLoader)
    {
        var factory = TracedFirmware.Make(1, TestFirmware.Stay, FirmwareBehaviour.Good);
        var good = TracedFirmware.Make(2, TestFirmware.Stay, FirmwareBehaviour.Good);
        var bad = TracedFirmware.Make(3, ExitScript, FirmwareBehaviour.Exits);
        var folder = Directory.CreateTempSubdirectory("meerkat-").FullName;
        var script = Path.Combine(folder, "traced-boot");
        var trace = Path.Combine(folder, "trace");
        await File.WriteAllTextAsync(script, CallTrace.Script(bootLoader, trace));
        File.SetUnixFileMode(script, (UnixFileMode)0b111_101_101);
        await using var device = await DeviceUnderTest.MakeAsync(factory.Bundle, Repository.Program("meerkat"), script, folder);
        var files = AddUserFiles(device.PathOf("slots/0/fs"), factory.Release.Shipped);
        var first = new Truth { Good = factory.Release, GoodSlot = SlotId.Zero, Files = files };
        var before = VolumeCopy.Of(device.Root, () => DateTimeOffset.UnixEpoch);
        var life = new Notebook();

        await device.StartedAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var settings = new JsonObject { ["app"] = new JsonObject { ["colour"] = "red" } };
        await ChangeAsync(device, life, "conf.json", FileFact.File(ConfigText.Format(settings)), "Config.Set", $$"""{"config": {{settings.ToJsonString()}}, "save": true}""");
        await ChangeAsync(device, life, "user/new.txt", TracedFirmware.Text("put"), "FS.Put", """{"filename": "user/new.txt", "data": "cHV0"}""");
        await PushAsync(device, life, good);
        await device.RunsAsync("2.0.0", trial: true);
        life.Add("commit asked", truth => truth with { Stage = Stage.Committing });
        Assert.Null((await device.CallAsync("OTA.Commit")).Error);
        life.Add("commit answered", truth => truth.Committed());
        await device.RunsAsync("2.0.0", trial: false);
        await PushAsync(device, life, bad);
        await device.FellBackToAsync("2.0.0", "exited");
        await device.StopAsync();

        return new RecordedLife(
            device.Root, before, VolumeCopy.Of(device.Root, () => DateTimeOffset.UnixEpoch), first, life.Notes, [.. CallTrace.Read(trace)]);
    }

    private static FileTree AddUserFiles(string top, FileTree files)
    {
        Directory.CreateDirectory(Path.Combine(top, "user/empty"));
        File.CreateSymbolicLink(Path.Combine(top, "user/link"), "0.txt");
        files = files.With("user", FileFact.Directory()).With("user/empty", FileFact.Directory()).With("user/link", FileFact.Link("0.txt"));
        for (var index = 0; index < 3; index++)
        {
            var fact = TracedFirmware.Text(new string((char)('a' + index), 1000 * index));
            var path = FormattableString.Invariant($"user/{index}.txt");
            File.WriteAllBytes(Path.Combine(top, path), fact.Bytes);
            File.SetUnixFileMode(Path.Combine(top, path), (UnixFileMode)fact.Mode);
            files = files.With(path, fact);
        }
        foreach (var directory in (string[])["user", "user/empty"])
        {
            File.SetUnixFileMode(Path.Combine(top, directory), (UnixFileMode)FileFact.Directory().Mode);
        }
        return files;
    }

    private static async Task ChangeAsync(DeviceUnderTest device, Notebook life, string path, FileFact fact, string method, string arguments)
    {
        life.Add($"{method} asked", truth => truth with { FilesOr = [truth.Files.With(path, fact)] });
        Assert.Null((await device.CallAsync(method, arguments)).Error);
        life.Add($"{method} answered", truth => truth with { Files = truth.FilesOr[0], FilesOr = [] });
    }

    private static async Task PushAsync(DeviceUnderTest device, Notebook life, TracedFirmware firmware)
    {
        life.Add($"{firmware.Release} sent", truth => truth with { Candidate = firmware.Release, Stage = Stage.Finishing });
        var (code, text) = await device.PushAsync(firmware.Bundle, commitTimeout: 600);
        Assert.True(code == 200, text);
        // The restart may have come before we looked.
        life.Add($"{firmware.Release} answered", truth => truth.Stage == Stage.Finishing ? truth with { Stage = Stage.Armed } : truth);
    }

    private sealed class Notebook
    {
        public List<Note> Notes { get; } = [];

        public void Add(string what, Func<Truth, Truth> change) => Notes.Add(new Note(TimeProvider.System.GetUtcNow(), what, change));
    }
}
