using System.Security.Cryptography;
using System.Text;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Storage.Tests;

public sealed class SlotStoreTests : IDisposable
{
    private static readonly byte[] Image = Encoding.ASCII.GetBytes("#!/bin/sh\nexit 0\n");
    private static readonly Digest ImageDigest = new(SHA256.HashData(Image));
    private static readonly Seal Seal = new("app", "linux-x64", new FirmwareVersion("1.0", "b"), ImageDigest, Image.Length, 0);

    private static readonly SlotRecord Record =
        new(SlotState.Written, new FirmwareVersion("1.0", "b"), ImageDigest, Image.Length, 0);

    private readonly TempFolder folder = new();
    private readonly HostVolume volume;
    private readonly SlotStore slots;

    public SlotStoreTests()
    {
        volume = new HostVolume(folder.Path);
        slots = new SlotStore(volume);
        volume.CreateDirectory(SlotPaths.All, 0x1ED);
        var owner = volume.Find("")!.Value.Attributes;
        slots.Begin(SlotId.Zero, owner.User, owner.Group);
        using (var image = slots.CreateImage(SlotId.Zero))
        {
            image.Write(Image, 0);
            image.Flush();
        }
        slots.Complete(SlotId.Zero, "{}"u8, Seal);
    }

    public void Dispose()
    {
        volume.Dispose();
        folder.Dispose();
    }

    /// <summary>What is done to a complete slot, what the record says of it, and what is wrong then.</summary>
    private static readonly Dictionary<string, (string Damage, SlotRecord Record, string Problem)> Rows = new()
    {
        ["intact, written"] = ("", Record, ""),
        ["intact, in trial"] = ("", Record with { State = SlotState.Trial }, ""),
        ["intact, committed"] = ("", Record with { State = SlotState.Committed }, ""),
        ["intact, but failed"] = ("", Record with { State = SlotState.Failed }, "the record says slot 0 is failed"),
        ["intact, but empty"] = ("", SlotRecord.Empty, "the record says slot 0 is empty"),
        ["seal missing"] = ("rm seal", Record, "slots/0/seal is missing, damaged or of another image"),
        ["seal torn"] = ("truncate -s 40 seal", Record, "slots/0/seal is missing, damaged or of another image"),
        ["seal changed"] = ("sed -i 's/1.0/1.1/' seal", Record, "slots/0/seal is missing, damaged or of another image"),
        ["seal is a directory"] = ("rm seal; mkdir seal", Record, "slots/0/seal is missing, damaged or of another image"),
        ["seal is a link to itself elsewhere"] =
            ("mv seal other; ln -s other seal", Record, "slots/0/seal is missing, damaged or of another image"),
        ["seal is endless"] = ("truncate -s 1G seal", Record, "slots/0/seal is missing, damaged or of another image"),
        ["record of another image"] =
            ("", Record with { Image = default }, "slots/0/seal is missing, damaged or of another image"),
        ["file system missing"] = ("rmdir fs", Record, "slots/0/fs is missing"),
        ["file system is a file"] = ("rmdir fs; touch fs", Record, "slots/0/fs is missing"),
        ["file system is a link"] = ("mv fs other; ln -s other fs", Record, "slots/0/fs is missing"),
        ["image missing"] = ("rm image", Record, "slots/0/image is missing"),
        ["image is a link"] = ("mv image other; ln -s other image", Record, "slots/0/image is missing"),
        ["image is a FIFO"] = ("rm image; mkfifo image", Record, "slots/0/image is missing"),
        ["image too short"] = ("truncate -s 10 image", Record, "slots/0/image should have 17 bytes and has 10"),
        ["image too long"] = ("echo >> image", Record, "slots/0/image should have 17 bytes and has 18"),
        ["one bit of the image"] = (
            "printf '#!/bin/sh\\nexit 1\\n' > image", Record,
            $"slots/0/image should have SHA-256 {ImageDigest} and has "
            + Convert.ToHexStringLower(SHA256.HashData("#!/bin/sh\nexit 1\n"u8))),
        ["manifest missing"] = ("rm manifest.json", Record, ""),
    };

    public static TheoryData<string> Names => [.. Rows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Slot_IsBootableOnlyWhenAllOfItIsThere(string name)
    {
        folder.Shell($"cd slots/0; {Rows[name].Damage}");
        var (health, problem) = slots.Check(SlotId.Zero, Rows[name].Record);
        Assert.Equal((Rows[name].Problem, Rows[name].Problem.Length == 0), (problem, health == SlotHealth.Bootable));
    }

    [Fact]
    public void SlotThatWasNeverThere_IsBroken() =>
        Assert.Equal(SlotHealth.Broken, slots.Check(SlotId.One, Record).Health);

    [Fact]
    public void Complete_WritesTheSealThatWasGiven() => Assert.Equal(Seal, slots.ReadSeal(SlotId.Zero));

    [Fact]
    public void Begin_LeavesNothingOfTheSlotBefore()
    {
        folder.Shell("touch slots/0/fs/old slots/0/tmp/old");
        slots.Begin(SlotId.Zero, 0, 0);
        Assert.Equal("slots/0\nslots/0/fs\nslots/0/tmp", folder.Shell("find slots/0 | sort").Trim());
        Assert.Null(slots.ReadSeal(SlotId.Zero));
    }

    [Fact]
    public void Begin_GivesTheFilesToTheFirmwaresUser()
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root may give files away");
        slots.Begin(SlotId.One, 1234, 5678);
        Assert.Equal("1234:5678 755\n0:0 700", folder.Shell("stat -c '%u:%g %a' slots/1/fs slots/1/tmp").Trim());
    }

    [Fact]
    public void Remove_OfNothing_IsNoFault()
    {
        slots.Remove(SlotId.One);
        slots.Remove(SlotId.Zero);
        slots.Remove(SlotId.Zero);
        Assert.Equal("", folder.Shell("ls slots"));
    }

    [Fact]
    public void MarkCommitted_ChangesTheCountAlone()
    {
        slots.MarkCommitted(SlotId.Zero, 7);
        Assert.Equal(Seal with { CommitCount = 7 }, slots.ReadSeal(SlotId.Zero));
        Assert.Equal(SlotHealth.Bootable, slots.Check(SlotId.Zero, Record).Health);
    }

    [Fact]
    public void MarkCommitted_DoesNotMakeASealWhereNoneIs()
    {
        folder.Shell("rm slots/0/seal");
        slots.MarkCommitted(SlotId.Zero, 7);
        Assert.Null(slots.ReadSeal(SlotId.Zero));
    }
}
