using System.Security.Cryptography;
using System.Text.Json;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;
using Meerkat.Simulator.Medium;
using Meerkat.Storage;

namespace Meerkat.Simulator.Machine;

/// <summary>The invariants: a device on its medium against what the world knows of it.</summary>
internal static class DeviceChecks
{
    /// <summary>Files of ours that may stay for a while: each is made anew, or removed, the next time.</summary>
    private const int MostLeftovers = 4;

    private const int RecordBytes = 64 * 1024;

    private static readonly string[] KnownFiles =
    [
        "board.json", "boot/lock", "boot/record.0", "boot/record.1", "boot/agent.json", "run/config.json",
    ];

    /// <summary>The boot record, as the boot loader will choose it. Read without the boot loader's store.</summary>
    public static BootRecord? Record(SimVolume medium)
    {
        static BootRecordCopy Copy(SimVolume medium, string path) => BootRecordCodec.Decode(medium.ReadSmall(path, RecordBytes));

        return BootRecordChoice.Of(Copy(medium, "boot/record.0"), Copy(medium, "boot/record.1")) is BootRecordChoice.Chosen chosen
            ? chosen.Record
            : null;
    }

    /// <summary>After a cut, before anything runs: what the record relies on is there.</summary>
    public static void AfterCut(SimVolume medium, Truth truth)
    {
        var record = Record(medium) ?? throw Broken("both copies of the boot record are unreadable");
        if (truth.Candidate is { } candidate && !record.Committed && record.Active == truth.CandidateSlot)
        {
            DemandImage(medium, truth.CandidateSlot, candidate, "the record is armed, and");
            foreach (var (path, fact) in candidate.Shipped.Entries)
            {
                // The merge may be on its way, so files of the old firmware may be there or not.
                if (medium.Walk($"{SlotPaths.Files(truth.CandidateSlot)}/{path}") is not { } node || node.Kind != fact.Kind
                    || (truth.Stage < Stage.Trial && !fact.Bytes.AsSpan().SequenceEqual(node.Bytes)))
                {
                    throw Broken($"the record is armed, and {path} of the new firmware is not there or not whole");
                }
            }
        }
        if (truth.Stage == Stage.Trial && !record.Committed && record.Active == truth.CandidateSlot
            && record.TrialAttempts > truth.Attempts - truth.Starts)
        {
            throw Broken($"{truth.Candidate} was started, and its attempt is not counted");
        }
        foreach (var slot in (ReadOnlySpan<SlotId>)[SlotId.Zero, SlotId.One])
        {
            DemandWhole(medium, slot, record[slot]);
        }
        DemandGood(medium, truth);
    }

    /// <summary>What the record would start is there.</summary>
    private static void DemandWhole(SimVolume medium, SlotId slot, SlotRecord record)
    {
        if (record.MayStart && (medium.Walk(SlotPaths.Image(slot)) is not { Kind: EntryKind.File } image
            || new Digest(SHA256.HashData(image.Bytes)) != record.Image || medium.Walk(SlotPaths.Files(slot)) is null
            || new SlotStore(medium).ReadSeal(slot)?.Image != record.Image || !IsJson(medium.Walk(SlotPaths.Manifest(slot))?.Bytes)))
        {
            throw Broken($"the record says that slot {slot} may be started ({record.State}), and {record.Version.Version} is not whole in it");
        }
    }

    /// <summary>The firmware that is to be gone back to, or goes on running, is whole.</summary>
    public static void DemandGood(SimVolume medium, Truth truth)
    {
        DemandImage(medium, truth.GoodSlot, truth.Good, "");
        DemandFiles(medium, truth.GoodSlot, truth.EachFiles());
    }

    public static void DemandImage(SimVolume medium, SlotId slot, Release release, string when)
    {
        if (medium.Walk(SlotPaths.Image(slot)) is not { Kind: EntryKind.File } image || !image.Bytes.AsSpan().SequenceEqual(release.Image))
        {
            throw Broken($"{when} slot {slot} should hold the image of {release}, whole".TrimStart());
        }
    }

    /// <summary>The tree that is there; it must be one of the expected.</summary>
    public static FileTree DemandFiles(SimVolume medium, SlotId slot, IEnumerable<FileTree> expected)
    {
        var problems = new List<string>();
        foreach (var tree in expected)
        {
            if (tree.Difference(medium, SlotPaths.Files(slot)) is not { } difference)
            {
                return tree;
            }
            problems.Add(difference);
        }
        throw Broken($"{SlotPaths.Files(slot)}: {string.Join("; or, with the change that was under way: ", problems)}");
    }

    /// <summary>After a whole update: what lies about is bounded.</summary>
    public static void DemandTidy(SimVolume medium)
    {
        var leftovers = new List<string>();
        medium.Visit("", (path, node) =>
        {
            if (node.Kind != EntryKind.Directory && !IsOurs(path))
            {
                leftovers.Add(path);
            }
        });
        if (leftovers.Count > MostLeftovers)
        {
            throw Broken($"left over: {string.Join(", ", leftovers)}");
        }
    }

    /// <summary>A manifest that says nothing keeps no firmware from running; it is lost all the same.</summary>
    private static bool IsJson(byte[]? text)
    {
        try
        {
            using var parsed = JsonDocument.Parse(text ?? []);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    public static ViolationException Broken(string text) => new(text);

    private static bool IsOurs(string path) =>
        Array.IndexOf(KnownFiles, path) >= 0
        || path.StartsWith("data/", StringComparison.Ordinal) || (path.StartsWith("log/", StringComparison.Ordinal) && !path.EndsWith(".new", StringComparison.Ordinal))
        || IsOfSlot(path, "slots/0/") || IsOfSlot(path, "slots/1/");

    private static bool IsOfSlot(string path, string slot) => path.StartsWith(slot, StringComparison.Ordinal)
        && path[slot.Length..] is var inside
        && (inside is "image" or "manifest.json" or "seal" || inside.StartsWith("fs/", StringComparison.Ordinal));
}
