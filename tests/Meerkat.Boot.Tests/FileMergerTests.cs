using Meerkat.Core.Values;

namespace Meerkat.Boot.Tests;

/// <summary>Merges of real trees. Slot 0 is the old one.</summary>
public sealed class FileMergerTests : IDisposable
{
    private readonly TestDevice device = new();

    public FileMergerTests() => device.Install(SlotId.One, "1.1.0");

    public void Dispose() => device.Dispose();

    [Fact]
    public void Merge_KeepsModesOwnersTimesAndLinks()
    {
        device.Shell("""
            cd slots/0/fs
            mkdir -p data/empty data/sub; printf 1 > data/sub/private; printf 2 > 'data/a name'; printf '#!/bin/sh' > run.sh
            ln -s /etc/passwd absolute; ln -s ../../../../.. outside; ln -s data/sub inside; ln -s nowhere dangling
            printf 3 > "$(printf 'not\377utf8')"; truncate -s 600000 large
            chmod 0600 data/sub/private; chmod 4755 run.sh; chmod 2770 data/sub; chmod 0511 data/empty; mkdir readonly; printf 4 > readonly/f; chmod 0550 readonly
            chown -h 1234:5678 data/sub data/sub/private absolute 2>/dev/null
            find . -mindepth 1 -exec touch -h -d '2001-02-03 04:05:06.7890123' '{}' +
            touch -h -d '1969-07-20 20:17:40.5' absolute data/sub/private
            """);
        var old = device.Snapshot("slots/0/fs");
        Merge();
        Assert.Equal(old, device.Snapshot("slots/1/fs"));
        Assert.Equal(old, device.Snapshot("slots/0/fs"));
    }

    [Fact]
    public void TreeDeeperThanAnyPath_IsCutThere_AndCounted()
    {
        device.Shell("""
            cd slots/0/fs; printf kept > kept
            name=$(printf 'd%.0s' $(seq 200))
            for level in $(seq 40); do mkdir "$name"; cd -P "$name" 2>/dev/null || exit 0; done
            """);
        var plan = new FileMerger(device.Volume).Plan(SlotId.Zero, SlotId.One);
        Assert.Single(plan.Skipped);
        Assert.InRange(plan.Steps.Length, 20, 24);
        Merge();
        Assert.Equal("kept", device.ReadFile("slots/1/fs/kept"));
    }

    [Fact]
    public void WhatIsNew_Wins()
    {
        device.Shell("cd slots/0/fs; mkdir both; printf old > both/a; printf old > both/b; printf old > top");
        device.Shell("cd slots/1/fs; mkdir both; printf new > both/a; printf new > top; chmod 0751 both; touch -d 2020-01-01 both/a top");
        Merge();
        Assert.Equal("newoldnew751", device.Shell("cd slots/1/fs; cat both/a both/b top; stat -c %a both"));
    }

    [Fact]
    public void ClashesOfKinds_GoToTheNewOne()
    {
        device.Shell("""
            cd slots/0/fs; mkdir -p dir-file/deep dir-link; touch file-dir dir-file/deep/x dir-link/y file-link; ln -s /etc link-dir; ln -s /etc link-file
            """);
        device.Shell("""
            mkdir outside; touch outside/kept; cd slots/1/fs; mkdir file-dir link-dir; touch file-dir/n link-dir/n dir-file link-file; ln -s "$OLDPWD/outside" dir-link; ln -s "$OLDPWD/outside" file-link
            """);
        var before = device.Snapshot("slots/1/fs");
        var etc = device.Shell("ls /etc outside | sha256sum");
        var plan = Merge();
        Assert.Equal(before, device.Snapshot("slots/1/fs"));
        Assert.Equal(etc, device.Shell("ls /etc outside | sha256sum"));
        Assert.Equal(
            ["dir-file", "dir-file/deep", "dir-file/deep/x", "dir-link", "dir-link/y", "file-dir", "file-link", "link-dir", "link-file"],
            plan.Shadowed);
    }

    [Fact]
    public void SpecialFiles_AreSkipped()
    {
        device.Shell("cd slots/0/fs; mkfifo pipe; mkdir d; mkfifo d/pipe; touch d/f");
        using var socket = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Dgram, System.Net.Sockets.ProtocolType.Unspecified);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(device.Folder["slots/0/fs/socket"]));
        Assert.Equal(["d/pipe", "pipe", "socket"], Merge().Skipped);
        Assert.Equal("d\nd/f", device.Shell("cd slots/1/fs; find . -mindepth 1 -printf '%P\\n' | sort"));
    }

    [Theory]
    [InlineData("printf shipped > conf.json")]
    [InlineData("mkdir -p conf.json/below; touch conf.json/below/x")]
    [InlineData("ln -s /etc/hostname conf.json")]
    [InlineData("true")]
    public void UsersFile_AlwaysSurvives(string shipped)
    {
        device.Shell("cd slots/0/fs; printf user > conf.json; printf nine > conf9.json; chmod 0600 conf.json; touch -d 2001-02-03 conf*");
        device.Shell($"cd slots/1/fs; {shipped}");
        Merge();
        Assert.Equal(device.Snapshot("slots/0/fs"), device.Snapshot("slots/1/fs"));
    }

    [Fact]
    public void InterruptedMerge_DoneAgainGivesTheSame()
    {
        device.Shell("""
            cd slots/0/fs; mkdir -p a/b c; for n in 1 2 3; do printf $n > a/b/$n; printf $n > c/$n; done; printf user > conf.json; ln -s a l; chmod 0750 c
            """);
        var merger = new FileMerger(device.Volume);
        var plan = merger.Plan(SlotId.Zero, SlotId.One);
        for (var done = 0; done <= plan.Steps.Length; done++)
        {
            merger.Merge(SlotId.Zero, SlotId.One, plan with { Steps = plan.Steps[..done] });
            device.Shell("mkdir slots/1/tmp/entry; touch slots/1/tmp/entry/half slots/1/tmp/other");
            Merge();
            Assert.Equal(device.Snapshot("slots/0/fs", times: false), device.Snapshot("slots/1/fs", times: false));
            Assert.Equal("", device.Shell("ls slots/1/tmp"));
            device.Shell("find slots/1/fs -mindepth 1 -delete");
        }
    }

    [Fact]
    public void MoreFilesThanAreCopiedAtOnce_AllArrive()
    {
        device.Shell("cd slots/0/fs; for d in $(seq 11); do mkdir $d; for n in $(seq 100); do printf $d-$n > $d/$n; done; ln -s $d/1 link-$d; done");
        device.Shell("cd slots/1/fs; mkdir 7; printf new > 7/50; mkdir link-3");
        var plan = Merge();
        device.Shell("printf new > slots/0/fs/7/50; rm slots/0/fs/link-3; mkdir slots/0/fs/link-3");
        Assert.InRange(plan.Steps.Length, 1025, 1121);
        Assert.Equal(device.Snapshot("slots/0/fs", times: false), device.Snapshot("slots/1/fs", times: false));
        Assert.Equal("", device.Shell("ls slots/1/tmp"));
    }

    [Fact]
    public void OldFileSystemThatIsMissing_CountsAsEmpty()
    {
        device.Shell("rm -r slots/0/fs; touch slots/1/fs/new");
        Assert.Empty(Merge().Steps);
        Assert.Equal("new", device.Shell("ls slots/1/fs"));
    }

    [Fact]
    public void OldFileSystemThatIsALink_CountsAsEmpty()
    {
        device.Shell("rm -r slots/0/fs; ln -s /etc slots/0/fs");
        Assert.Empty(Merge().Steps);
    }

    [Fact]
    public void DeepTree_IsMerged()
    {
        device.Shell("""perl -e 'chdir "slots/0/fs"; for (1..300) { mkdir "d" or die; chdir "d" or die } open(F, ">bottom") or die'""");
        Assert.Equal(301, Merge().Steps.Length);
    }

    private Core.Merge.MergePlan Merge()
    {
        var merger = new FileMerger(device.Volume);
        var plan = merger.Plan(SlotId.Zero, SlotId.One);
        merger.Merge(SlotId.Zero, SlotId.One, plan);
        return plan;
    }
}
