using Meerkat.Boot;
using Meerkat.Boot.Posix;
using Meerkat.Core.Bundles;
using Meerkat.Core.Health;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Device.Updates;

/// <summary>Writes the parts of a bundle into a slot that nothing can start.</summary>
internal sealed class SlotWriter(SlotStore slots, SlotId slot, UserId owner, HostParts.Found parts) : IDisposable
{
    private WriteBehind? image;
    private FilesWriter? files;
    private TarReader? tar;

    /// <summary>Step 2's second half: the old tree goes, a new, empty one begins.</summary>
    public void Begin() => slots.Begin(slot, owner.User, owner.Group);

    public PartChoice PartBegin(BundlePart part)
    {
        if (part.Name == parts.App.Name)
        {
            image = new WriteBehind(slots.CreateImage(slot));
            return PartChoice.Take;
        }
        if (part.Name == parts.Fs?.Name)
        {
            files = new FilesWriter(slots.Volume, SlotPaths.Files(slot), owner);
            tar = new TarReader(files);
            return PartChoice.Take;
        }
        return PartChoice.Skip;
    }

    /// <summary>What is wrong with the part's contents; none when nothing is.</summary>
    public BundleProblem? PartData(ReadOnlySpan<byte> data)
    {
        if (tar is not null)
        {
            return tar.Push(data);
        }
        image!.Write(data);
        return null;
    }

    public BundleProblem? PartEnd()
    {
        if (tar is not null)
        {
            var problem = tar.Complete();
            tar = null;
            return problem ?? HealthProblem();
        }
        image!.Flush();
        image.Dispose();
        image = null;
        return null;
    }

    /// <summary>A contract that cannot be kept must be found before the slot is armed, not by a trial that cannot end well.</summary>
    private BundleProblem? HealthProblem() => FirmwareHealth.OfFile(slots.Volume, slot) is HealthReading.Damaged damaged
        ? new BundleProblem(BundleProblemCode.HealthContract, damaged.Problem, 0, HealthContract.FileName)
        : null;

    /// <summary>Step 4: the seal, last of all.</summary>
    public void Seal(Manifest manifest, ReadOnlySpan<byte> manifestBytes, CompletedPart app) => slots.Complete(
        slot,
        manifestBytes,
        new Seal(manifest.Name, manifest.Platform, manifest.Firmware, app.Sha256, app.SizeBytes, 0));

    public void Dispose()
    {
        image?.Dispose();
        files?.Close();
    }
}
