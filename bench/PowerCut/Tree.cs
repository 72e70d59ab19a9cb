using System.Text.Json.Nodes;
using Meerkat.Boot;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Bench.PowerCut;

/// <summary>
/// Looks at the device on a disk after a cut: the boot loader's own sequence decides and merges on it, and what it left is compared
/// byte by byte with what was shipped, set and put.
/// </summary>
internal sealed class Tree(Firmware firmware, Life life)
{
    private static readonly Guid NextBoot = new("00000000-0000-0000-0000-000000000001");

    /// <summary>What starts; none in recovery.</summary>
    public (RunMode Mode, string Version) Starts { get; private set; }

    /// <summary>Boots, and says what does not hold; none when all does.</summary>
    public string? Boot(string root)
    {
        var said = new List<string>();
        try
        {
            using var volume = new HostVolume(root);
            var sequence = new BootSequence(volume, new BootRecordStore(volume), new SlotStore(volume), NextBoot, said.Add);
            var result = sequence.Run(DateTimeOffset.UnixEpoch);
            return Wrong(root, result) is { } wrong ? $"{wrong}; the boot loader said: {string.Join("; ", said)}" : null;
        }
        catch (Exception fault) when (fault is StorageException or BootRefusedException or IOException or UnauthorizedAccessException)
        {
            return $"{fault.Message}; the boot loader said: {string.Join("; ", said)}";
        }
    }

    /// <summary>What does not hold in the file system of a slot that runs a version.</summary>
    public string? WrongFiles(string root, SlotId slot, string version)
    {
        var files = Path.Combine(root, SlotPaths.Files(slot));
        if (firmware.Missing(version, files) is { } missing)
        {
            return $"slot {slot}, {version}: {missing}";
        }
        var note = Note(Path.Combine(files, "conf.json"));
        if (!life.NoteAllowed.Contains(note))
        {
            return $"slot {slot}, {version}: life.note is {note}; expected {string.Join(" or ", life.NoteAllowed)}";
        }
        var user = Path.Combine(files, "notes.bin");
        var known = File.Exists(user)
            ? life.FileAllowed.Any(name => name.Length > 0 && firmware.Note(name).AsSpan().SequenceEqual(File.ReadAllBytes(user)))
            : life.FileAllowed.Contains("");
        return known
            ? null
            : $"slot {slot}, {version}: notes.bin is {(File.Exists(user) ? "of other contents" : "missing")}; expected note {string.Join(" or ", life.FileAllowed)}";
    }

    private string? Wrong(string root, BootResult result)
    {
        if (result.RecordProblem.Length > 0 || result.Slot is not { } slot)
        {
            return $"{result.Mode}: {result.RecordProblem}";
        }
        var version = firmware.VersionOf(Path.Combine(root, SlotPaths.Image(slot)));
        if (version is null || version != result.Record[slot].Version.Version)
        {
            return $"slot {slot} starts with the image of {version ?? "nothing known"}; the record says {result.Record[slot].Version}";
        }
        Starts = (result.Mode, version);
        return life.Refuses(result.Mode, version, result.Record.LastOutcome) ?? WrongFiles(root, slot, version);
    }

    private static string Note(string path)
    {
        if (!File.Exists(path))
        {
            return "none";
        }
        try
        {
            return (string?)JsonNode.Parse(File.ReadAllText(path))?["life"]?["note"] ?? "none";
        }
        catch (System.Text.Json.JsonException)
        {
            return "unreadable";
        }
    }
}
