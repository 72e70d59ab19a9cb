using Meerkat.Simulator.Medium;
using Meerkat.Storage;

namespace Meerkat.Simulator.Tests;

/// <summary>The rules of the simulated medium, as docs/crash-model.md states them.</summary>
public sealed class SimVolumeTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly SimVolume medium = new(100_000, () => Now);

    [Fact]
    public void UnflushedFile_IsEmptyWhenItsNameIsKept()
    {
        Write("a", "hello", flush: false);
        medium.FlushDirectory("");

        Assert.Equal("", Text(After(CrashOutcome.Nothing), "a"));
        Assert.Equal("hello", Text(After(CrashOutcome.Everything), "a"));
    }

    [Fact]
    public void UnflushedName_IsGoneWithItsFlushedFile()
    {
        Write("a", "hello", flush: true);

        Assert.Null(Text(After(CrashOutcome.Nothing), "a"));
        Assert.Equal("hello", Text(After(CrashOutcome.Everything), "a"));
    }

    [Fact]
    public void FlushedFileWithFlushedName_Stays()
    {
        Write("a", "hello", flush: true);
        medium.FlushDirectory("");

        Assert.Equal("hello", Text(After(CrashOutcome.Nothing), "a"));
        Assert.Equal(0, medium.PendingCount);
    }

    [Fact]
    public void TornWrite_KeepsItsBeginningOrItsEnd()
    {
        Write("a", "old old old", flush: true);
        medium.FlushDirectory("");
        using (var file = medium.OpenWrite("a"))
        {
            file.Write("NEW NEW NEW"u8, 0);
        }

        Assert.Equal("NEW old old", Text(After(new CrashOutcome(CrashKind.Torn, 0, 3)), "a"));
        Assert.Equal("old NEW NEW", Text(After(new CrashOutcome(CrashKind.Tail, 0, 3)), "a")!.Replace("oldNEW", "old NEW", StringComparison.Ordinal));
    }

    [Fact]
    public void LengthWithoutBytes_IsZeros()
    {
        Write("a", "xyz", flush: false);
        medium.FlushDirectory("");

        Assert.Equal("\0\0\0", Text(After(new CrashOutcome(CrashKind.Zeros, 0)), "a"));
    }

    [Fact]
    public void UnflushedRename_LeavesOldOrNewNeverNeither()
    {
        Write("old", "hello", flush: true);
        medium.FlushDirectory("");
        medium.Rename("old", "new");

        var lost = After(CrashOutcome.Nothing);
        Assert.Equal(("hello", null), (Text(lost, "old"), Text(lost, "new")));
        var kept = After(CrashOutcome.Everything);
        Assert.Equal((null, "hello"), (Text(kept, "old"), Text(kept, "new")));
    }

    [Fact]
    public void RenameAcrossDirectories_MayShowBothNamesWhenOnlyTheNewOneIsFlushed()
    {
        medium.CreateDirectory("d", 0x1ED);
        Write("a", "hello", flush: true);
        medium.FlushDirectory("");
        medium.Rename("a", "d/b");
        medium.FlushDirectory("d");

        var found = After(CrashOutcome.Nothing);
        Assert.Equal(("hello", "hello"), (Text(found, "a"), Text(found, "d/b")));
        medium.FlushDirectory("");
        Assert.Null(Text(After(CrashOutcome.Nothing), "a"));
    }

    [Fact]
    public void RemovedFile_MayComeBack()
    {
        Write("a", "hello", flush: true);
        medium.FlushDirectory("");
        medium.Remove("a");

        Assert.Equal("hello", Text(After(CrashOutcome.Nothing), "a"));
        medium.FlushDirectory("");
        Assert.Null(Text(After(CrashOutcome.Nothing), "a"));
    }

    [Fact]
    public void Writes_ReachTheMediumInAnyOrder()
    {
        Write("a", "1", flush: true);
        medium.FlushDirectory("");
        using (var file = medium.OpenWrite("a"))
        {
            file.Write("2"u8, 0);
            file.Write("3"u8, 1);
        }

        Assert.Equal("13", Text(After(new CrashOutcome(CrashKind.AllBut, 0)), "a"));
        Assert.Equal("2", Text(After(new CrashOutcome(CrashKind.AllBut, 1)), "a"));
    }

    [Fact]
    public void Misuse_Throws()
    {
        var file = medium.Create("a", 0x1A4);
        Write("b", "x", flush: true);

        Assert.Throws<MisuseException>(() => medium.Rename("b", "a"));
        Assert.Throws<MisuseException>(() => medium.Remove("a"));
        file.Dispose();
        Assert.Throws<MisuseException>(() => file.Write("x"u8, 0));
        using var read = medium.OpenRead("b");
        Assert.Throws<MisuseException>(() => read.Write("x"u8, 0));
    }

    [Fact]
    public void FullMedium_TakesWhatFitsAndOverwritesInPlace()
    {
        Write("a", "hello", flush: true);
        medium.CapacityBytes = 100_000 - medium.FreeBytes + 3;
        using var file = medium.OpenWrite("a");

        Assert.True(Assert.Throws<StorageException>(() => file.Write("12345678901"u8, 0)).IsNoSpace);
        file.Write("HELLO"u8, 0);
        Assert.True(Assert.Throws<StorageException>(() => medium.Create("b", 0x1A4)).IsNoSpace);
    }

    [Fact]
    public void Outcomes_AreReadBack()
    {
        Write("a", "hello", flush: false);
        Write("b", "hello", flush: false);

        var outcomes = medium.Outcomes().ToList();
        Assert.True(outcomes.Count > 10);
        Assert.Equal(outcomes, outcomes.Select(outcome => CrashOutcome.Parse(outcome.ToString())));
        Assert.Throws<FormatException>(() => CrashOutcome.Parse("torn3"));
        Assert.Throws<FormatException>(() => CrashOutcome.Parse("whatever"));
    }

    private void Write(string path, string text, bool flush)
    {
        using var file = medium.Create(path, 0x1A4);
        file.Write(System.Text.Encoding.UTF8.GetBytes(text), 0);
        if (flush)
        {
            file.Flush();
        }
    }

    private SimVolume After(CrashOutcome outcome) => medium.AfterCrash(outcome, () => Now);

    private static string? Text(SimVolume volume, string path) =>
        volume.ReadSmall(path, 1000) is { } bytes ? System.Text.Encoding.UTF8.GetString(bytes) : null;
}
