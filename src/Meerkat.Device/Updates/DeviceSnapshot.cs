using System.Net.Sockets;
using Meerkat.Boot;
using Meerkat.Boot.Link;
using Meerkat.Boot.Posix;
using Meerkat.Core.Boot;
using Meerkat.Core.Merge;
using Meerkat.Core.Protocol;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Device.Updates;

/// <summary>
/// Copies the running image and file system into the other slot (specification 3.8), so that the device has something to fall back to
/// that is as it is now. It is an installation for the boot loader: one at a time, and nothing is relied on before it is sealed.
/// </summary>
internal sealed class DeviceSnapshot(DeviceRoot device, UserId owner, Action<string> log)
{
    private const int BlockBytes = 128 * 1024;

    private readonly SlotStore slots = new(device.Volume);

    /// <summary>Takes the snapshot.</summary>
    /// <param name="trial">The running firmware goes on trial at the next boot, with the snapshot to fall back to.</param>
    /// <param name="commitTimeoutSeconds">Of that trial, 0 to 604800.</param>
    /// <returns>The slot that holds it.</returns>
    /// <exception cref="RpcException">
    /// -1: the device is in no state for it; -2: the image could not be copied; -3: the files could not be.
    /// </exception>
    public SlotId Take(bool trial, int commitTimeoutSeconds)
    {
        try
        {
            using var link = device.Connect();
            var status = link.Status();
            if (status is not { Running: { } number, Committed: true, Mode: "committed" })
            {
                throw Refused("Cannot create snapshots in uncommitted state");
            }
            if (status.Held is { } held)
            {
                throw Refused($"an installed update waits in slot {held}; activate it, or revert to discard it");
            }
            if (UpdateRunner.Obstacle(status) is { } obstacle)
            {
                throw Refused(obstacle.Text);
            }
            var running = new SlotId(number);
            var seal = Intact(running);
            DemandSpace(running, seal);
            var sequence = Demand(link.Invalidate(status.Sequence, running.Other)).Sequence;
            Copy(running, seal);
            // From here on it is not known whether the record relies on the copy, so that stays: an empty slot's files go at the next boot.
            Demand(link.KeepSnapshot(sequence, running.Other, trial, commitTimeoutSeconds));
            log($"snapshot of slot {running} ({seal.Version.Version}) kept in slot {running.Other}");
            return running.Other;
        }
        catch (Exception fault) when (fault is SocketException or IOException and not StorageException)
        {
            throw new RpcException(RpcErrorCode.Internal, $"the boot loader does not answer: {fault.Message}");
        }
        catch (StorageException fault)
        {
            throw Failed(-3, fault.Message);
        }
    }

    /// <summary>The running slot's seal, when the image still is what it says: a copy of a damaged one helps nobody.</summary>
    private Seal Intact(SlotId running)
    {
        var seal = slots.ReadSeal(running) ?? throw Failed(-2, $"{SlotPaths.Seal(running)} is missing or damaged");
        return slots.CheckImage(running, seal.Image, seal.ImageBytes) is { Length: > 0 } problem ? throw Failed(-2, problem) : seal;
    }

    private void DemandSpace(SlotId running, Seal seal)
    {
        var volume = device.Volume;
        var needed = seal.ImageBytes + volume.TreeBytes(SlotPaths.Files(running)) + device.Board.ReserveBytes;
        var available = volume.FreeBytes + volume.TreeBytes(SlotPaths.Slot(running.Other));
        if (needed > available)
        {
            throw Failed(-3, $"not enough space: the snapshot needs {new ByteSize(needed - available)} more "
                + $"({new ByteSize(needed)} in all, {new ByteSize(available)} available)");
        }
    }

    private void Copy(SlotId running, Seal seal)
    {
        try
        {
            slots.Begin(running.Other, owner.User, owner.Group);
            CopyImage(running, seal);
            CopyFiles(running);
            slots.Complete(running.Other, slots.ReadManifest(running), seal);
        }
        catch
        {
            TryRemove(running.Other);
            throw;
        }
    }

    private void CopyImage(SlotId running, Seal seal)
    {
        using (var from = device.Volume.OpenRead(SlotPaths.Image(running)))
        using (var to = slots.CreateImage(running.Other))
        {
            var block = new byte[BlockBytes];
            for (long offset = 0; from.Read(block, offset) is > 0 and var count; offset += count)
            {
                to.Write(block.AsSpan(0, count), offset);
            }
            to.Flush();
        }
        if (slots.CheckImage(running.Other, seal.Image, seal.ImageBytes) is { Length: > 0 } problem)
        {
            throw Failed(-2, problem);
        }
    }

    /// <summary>The firmware goes on writing meanwhile: what it removes is left out.</summary>
    private void CopyFiles(SlotId running)
    {
        var merger = new FileMerger(device.Volume, live: true);
        var plan = merger.Plan(running, running.Other);
        merger.Merge(running, running.Other, plan);
        foreach (var step in plan.Steps.Where(step => step.Kind == MergeKind.File))
        {
            try
            {
                Compare($"{SlotPaths.Files(running)}/{step.Path}", $"{SlotPaths.Files(running.Other)}/{step.Path}");
            }
            catch (StorageException fault) when (fault.IsNotFound)
            {
                // Removed by the firmware, so it was left out or has nothing to be compared with.
            }
        }
    }

    /// <summary>Reads a copy back. Where the firmware has changed the original since, the copy is its earlier state.</summary>
    private void Compare(string original, string copy)
    {
        var volume = device.Volume;
        if (volume.Find(original) is not { Kind: EntryKind.File } || volume.Find(copy) is not { Kind: EntryKind.File })
        {
            return;
        }
        using var first = volume.OpenRead(original);
        using var second = volume.OpenRead(copy);
        var (expected, found) = (new byte[BlockBytes], new byte[BlockBytes]);
        for (long offset = 0; ; offset += BlockBytes)
        {
            var (most, count) = (first.Read(expected, offset), second.Read(found, offset));
            if (!expected.AsSpan(0, most).SequenceEqual(found.AsSpan(0, count)))
            {
                if (volume.Find(original)?.Attributes.Modified == volume.Find(copy)?.Attributes.Modified)
                {
                    throw Failed(-3, $"{copy} does not hold what was written to it (at byte {offset} or after)");
                }
                return;
            }
            if (count < BlockBytes)
            {
                return;
            }
        }
    }

    private void TryRemove(SlotId slot)
    {
        try
        {
            slots.Remove(slot);
        }
        catch (StorageException fault)
        {
            log($"slot {slot}: leftovers stay: {fault.Message}");
        }
    }

    private static LinkReply Demand(LinkReply reply) =>
        reply.Refusal == BootRefusal.None ? reply : throw Refused(reply.Text);

    private static RpcException Refused(string text) => new(RpcErrorCode.Failed, text);

    private static RpcException Failed(int code, string text) => new(new RpcError(code, $"Failed to create snapshot: {text}"));
}
