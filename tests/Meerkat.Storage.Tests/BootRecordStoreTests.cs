using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Storage.Tests;

public sealed class BootRecordStoreTests : IDisposable
{
    private static readonly BootRecord First = BootTransitions.Factory(
        new SlotRecord(SlotState.Written, new FirmwareVersion("1.0", "b"), default, 5, 0));

    private static readonly BootRecord Second = First.Invalidate(SlotId.One);
    private static readonly BootRecord Third = Second.Invalidate(SlotId.One);

    private readonly TempFolder folder = new();
    private readonly HostVolume volume;
    private readonly BootRecordStore store;

    public BootRecordStoreTests()
    {
        volume = new HostVolume(folder.Path);
        volume.CreateDirectory("boot", 0x1ED);
        store = new BootRecordStore(volume);
        store.Provision(First);
    }

    public void Dispose()
    {
        volume.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Provision_MakesTwoEqualCopiesOfFixedLength()
    {
        folder.Shell("cmp boot/record.0 boot/record.1");
        Assert.Equal(BootRecordCodec.Length, new FileInfo(folder["boot/record.0"]).Length);
        Assert.Equal((First, 0, ""), Read());
    }

    [Fact]
    public void Writes_AlternateBetweenTheCopies()
    {
        store.Write(Second);
        Assert.Equal((First, Second), (Copy(0), Copy(1)));
        store.Write(Third);
        Assert.Equal((Third, Second), (Copy(0), Copy(1)));
        Assert.Equal((Third, 0, ""), Read());
    }

    [Fact]
    public void WriteAfterANewStart_GoesToTheCopyThatDoesNotCount()
    {
        store.Write(Second);
        var next = new BootRecordStore(volume);
        Assert.Equal(Second, Assert.IsType<BootRecordChoice.Chosen>(next.Read()).Record);
        next.Write(Third);
        Assert.Equal((Third, Second), (Copy(0), Copy(1)));
    }

    [Fact]
    public void Write_KeepsTheFileInPlace()
    {
        var before = folder.Shell("stat -c %i boot/record.0 boot/record.1");
        store.Write(Second);
        store.Write(Third);
        Assert.Equal(before, folder.Shell("stat -c %i boot/record.0 boot/record.1"));
    }

    [Theory]
    [InlineData("rm boot/record.1")]
    [InlineData("truncate -s 0 boot/record.1")]
    [InlineData("truncate -s 1000 boot/record.1")]
    [InlineData("printf x | dd of=boot/record.1 bs=1 seek=500 conv=notrunc status=none")]
    [InlineData("rm boot/record.1; mkdir -p boot/record.1/full")]
    [InlineData("rm boot/record.1; ln -s record.0 boot/record.1")]
    [InlineData("rm boot/record.1; mkfifo boot/record.1")]
    [InlineData("truncate -s 1G boot/record.1")]
    public void DamagedCopy_LeavesTheOtherAndIsMendedByTheNextWrite(string damage)
    {
        folder.Shell(damage);
        var (record, copy, note) = Read();
        Assert.Equal((First, 0), (record, copy));
        Assert.StartsWith("copy 1: ", note, StringComparison.Ordinal);
        store.Write(Second);
        Assert.Equal((Second, 1, ""), Read());
        Assert.Equal(First, Copy(0));
    }

    [Fact]
    public void DamagedNewerCopy_BringsTheOlderBack()
    {
        store.Write(Second);
        folder.Shell("truncate -s 3 boot/record.1");
        Assert.Equal((First, 0), (Read().Record, Read().Copy));
    }

    [Fact]
    public void BothDamaged_IsLost()
    {
        folder.Shell("truncate -s 3 boot/record.0; rm boot/record.1");
        Assert.Equal(
            "copy 0: expected 1024 bytes, found 3; copy 1: there is no file, or it is empty",
            Assert.IsType<BootRecordChoice.Lost>(store.Read()).Text);
    }

    [Fact]
    public void ProvisionOverAnything_MakesBothCopies()
    {
        folder.Shell("rm boot/record.*; mkdir -p boot/record.0/full; mkfifo boot/record.1");
        store.Provision(First);
        Assert.Equal((First, 0, ""), Read());
    }

    [Fact]
    public void FullMedium_StillTakesTheRecord()
    {
        using var full = Full(out var records);
        records.Write(Second);
        records.Write(Third);
        Assert.Equal(Third, Assert.IsType<BootRecordChoice.Chosen>(records.Read()).Record);
    }

    [Fact]
    public void FullMediumWithoutTheCopy_ThrowsAndKeepsTheOther()
    {
        using var full = Full(out var records);
        full.Remove("boot/record.1");
        folder.Shell("cat /dev/zero > small/filler 2>/dev/null; true");
        Assert.True(Assert.Throws<StorageException>(() => records.Write(Second)).IsNoSpace);
        Assert.Equal(First, Assert.IsType<BootRecordChoice.Chosen>(records.Read()).Record);
        folder.Shell("rm small/filler");
        records.Write(Second);
        Assert.Equal(Second, Assert.IsType<BootRecordChoice.Chosen>(records.Read()).Record);
    }

    [Fact]
    public void ReadOnlyMedium_ThrowsAndStillReads()
    {
        using var full = Full(out var records);
        folder.Shell("mount -o remount,ro small");
        Assert.True(Assert.Throws<StorageException>(() => records.Write(Second)).IsReadOnly);
        Assert.Equal(First, Assert.IsType<BootRecordChoice.Chosen>(records.Read()).Record);
    }

    [Fact]
    public void MediumThatFails_ThrowsAndTheRecordBeforeCounts()
    {
        using var failing = new HostVolume(folder.MountOnFailing("failing"));
        failing.CreateDirectory("boot", 0x1ED);
        var records = new BootRecordStore(failing);
        records.Provision(First);
        records.Write(Second);
        folder.FailMedium();
        Assert.Contains("Input/output error", Assert.Throws<StorageException>(() => records.Write(Third)).Message, StringComparison.Ordinal);
        Assert.Equal(Second, Assert.IsType<BootRecordChoice.Chosen>(records.Read()).Record);
    }

    private HostVolume Full(out BootRecordStore records)
    {
        var small = new HostVolume(folder.MountSmall("small", "64k"));
        small.CreateDirectory("boot", 0x1ED);
        records = new BootRecordStore(small);
        records.Provision(First);
        folder.Shell("cat /dev/zero > small/filler 2>/dev/null; true");
        Assert.Equal(0, small.FreeBytes);
        return small;
    }

    private BootRecord Copy(int number) => Assert.IsType<BootRecordCopy.Valid>(
        BootRecordCodec.Decode(File.ReadAllBytes(folder[$"boot/record.{number}"]))).Record;

    private (BootRecord Record, int Copy, string Note) Read()
    {
        var chosen = Assert.IsType<BootRecordChoice.Chosen>(store.Read());
        return (chosen.Record, chosen.Copy, chosen.Note);
    }
}
