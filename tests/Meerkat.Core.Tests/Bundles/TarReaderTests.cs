using System.Formats.Tar;
using System.Security.Cryptography;
using CsCheck;
using Meerkat.Core.Bundles;
using static Meerkat.Core.Bundles.BundleProblemCode;
using static Meerkat.Core.Tests.Bundles.TarBytes;
using static Meerkat.Core.Tests.Bundles.TarMemberBytes;
using TarReader = Meerkat.Core.Bundles.TarReader;

namespace Meerkat.Core.Tests.Bundles;

public sealed class TarReaderTests
{
    private const string EmptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    private static readonly int[][] PieceSizes = [[1], [511, 2, 700], [int.MaxValue]];
    private static readonly TarMemberBytes Ordinary = File("a.txt", "hello");
    private static readonly byte[] NegativeSize = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE];
    private static readonly byte[] HugeSize = [0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    private static readonly byte[] BigSize = [0x80, 0, 0, 0, 0x7F, 0, 0, 0, 0, 0, 0, 0];

    private static readonly Dictionary<string, (byte[] Tar, BundleProblemCode Code, string Says)> Refusals = new()
    {
        ["nothing"] = ([], Truncated, "cut off at byte 0"),
        ["not a tar"] = ([.. "#!/bin/sh"u8, .. new byte[600]], TarChecksum, "not a tar"),
        ["no end mark"] = (Members(Ordinary), Truncated, "end mark"),
        ["half an end mark"] = ([.. Members(Ordinary), .. new byte[512]], Truncated, "end mark"),
        ["a header cut off"] = (Members(Ordinary)[..300], Truncated, "byte 300"),
        ["data cut off"] = (Members(Ordinary)[..514], Truncated, "byte 514"),
        ["a member behind the first zero block"] = ([.. Members(Ordinary), .. new byte[512], .. Tar(Folder("b"))],
            TarTrailingData, "behind the end mark"),
        ["data behind the end"] = ([.. Tar(Ordinary), 1], TarTrailingData, "behind its end mark"),
        ["a wrong checksum"] = (Tar(Folder("b"), Ordinary with { SpoilChecksum = true }), TarChecksum, "at byte 512"),
        ["a size that is no number"] = (Tar(Ordinary with { Size = "0000000z000" }), TarHeader, "proper size"),
        ["a negative size"] = (Tar(Ordinary with { SizeField = NegativeSize }), TarHeader, "proper size"),
        ["an overflowing size"] = (Tar(Ordinary with { SizeField = HugeSize }), TarHeader, "proper size"),
        ["a size beyond the limit"] = (Tar(Ordinary with { SizeField = BigSize }), TooLarge, "68719476736"),
        ["a mode that is no number"] = (Tar(Ordinary with { Mode = "rwxr-xr" }), TarHeader, "mode"),
        ["an absolute path"] = (Tar(File("/etc/passwd")), TarPath, "'/etc/passwd' in the file-system image has an absolute path"),
        ["a path with .."] = (Tar(File("a/../../b")), TarPath, "'..'"),
        ["a path that is .."] = (Tar(Folder("..")), TarPath, "'..'"),
        ["no path"] = (Tar(File("")), TarPath, "no path"),
        ["the root as a file"] = (Tar(File(".")), TarPath, "root"),
        ["a file with a slash"] = (Tar(File("a/")), TarPath, "ends in a slash"),
        ["a path that is not UTF-8"] = (Tar(Ordinary with { PathBytes = [0xC3, 0x28] }), TarHeader, "name"),
        ["a deep path"] = (Tar(Pax(Record("path", string.Join('/', Enumerable.Repeat("d", 65)))), Ordinary), TarPath, "64 names"),
        ["a long name"] = (Tar(Pax(Record("path", new string('n', 256))), Ordinary), TarPath, "255 bytes"),
        ["a long path"] = (Tar(Pax(Record("path", string.Join('/', Enumerable.Repeat(new string('d', 99), 42)))), Ordinary),
            TarPath, "4096"),
        ["a path with NUL by pax"] = (Tar(Pax(Record("path", "a\0b")), Ordinary), TarPath, "NUL"),
        ["an absolute path by pax"] = (Tar(Pax(Record("path", "/a")), Ordinary), TarPath, "absolute"),
        ["a path with .. by GNU"] = (Tar(new TarMemberBytes("././@LongLink") { Kind = 'L', Data = [.. "../x\0"u8] }, Ordinary),
            TarPath, "'..'"),
        ["a path with .. by prefix"] = (Tar(Ordinary with { Prefix = "../x" }), TarPath, "'..'"),
        ["a hard link"] = (Tar(Ordinary, new TarMemberBytes("b") { Kind = '1', Link = "a.txt" }), TarKind, "hard link"),
        ["a character device"] = (Tar(new TarMemberBytes("null") { Kind = '3' }), TarKind, "device"),
        ["a block device"] = (Tar(new TarMemberBytes("sda") { Kind = '4' }), TarKind, "device"),
        ["a FIFO"] = (Tar(new TarMemberBytes("pipe") { Kind = '6' }), TarKind, "FIFO"),
        ["a sparse file"] = (Tar(new TarMemberBytes("s") { Kind = 'S' }), TarKind, "sparse"),
        ["a sparse file by pax"] = (Tar(Pax(Record("GNU.sparse.major", "1")), Ordinary), TarHeader, "sparse"),
        ["an unknown kind"] = (Tar(new TarMemberBytes("v") { Kind = 'V' }), TarKind, "0x56"),
        ["a link with data"] = (Tar(Symlink("l", "a") with { Data = [1] }), TarKind, "carries 1 bytes"),
        ["a folder with data"] = (Tar(Folder("f") with { Data = [1] }), TarKind, "carries 1 bytes"),
        ["an absolute link"] = (Tar(Symlink("l", "/etc")), TarLink, "absolute"),
        ["a link to nothing"] = (Tar(Symlink("l", "")), TarLink, "empty"),
        ["a link that leaves"] = (Tar(Symlink("a/l", "../../x")), TarLink, "leaves"),
        ["a link that leaves by another"] = (Tar(Symlink("l", "."), Symlink("k", "l/../x")), TarLink, "leaves"),
        ["a link that leaves by pax"] = (Tar(Pax(Record("linkpath", "..")), Symlink("l", "a")), TarLink, "leaves"),
        ["a link that leaves by GNU"] = (Tar(new TarMemberBytes("x") { Kind = 'K', Data = [.. "..\0"u8] }, Symlink("l", "a")),
            TarLink, "leaves"),
        ["a file below a link"] = (Tar(Symlink("l", "d"), File("l/x")), TarLink, "below 'l', which is a symbolic link"),
        ["a folder over a link"] = (Tar(Symlink("l", "d"), Folder("l")), TarTwice, "'l' in the file-system image is there twice"),
        ["a link over a folder"] = (Tar(File("d/x"), Symlink("d", "e")), TarTwice, "twice"),
        ["a file below a file"] = (Tar(Ordinary, File("a.txt/x")), TarTwice, "which is a file"),
        ["a file twice"] = (Tar(Ordinary, File("./a.txt")), TarTwice, "twice"),
        ["a file over a folder"] = (Tar(Folder("d/"), File("d")), TarTwice, "twice"),
        ["a folder over a file"] = (Tar(File("d"), Folder("d/")), TarTwice, "twice"),
        ["pax that is no record"] = (Tar(Pax("hello"), Ordinary), TarHeader, "malformed record"),
        ["pax with a wrong length"] = (Tar(Pax("99 path=x\n"), Ordinary), TarHeader, "malformed record"),
        ["pax with a negative length"] = (Tar(Pax("-9 path=x\n"), Ordinary), TarHeader, "malformed record"),
        ["pax without a key"] = (Tar(Pax("5 =x\n"), Ordinary), TarHeader, "KEY=VALUE"),
        ["pax with a bad size"] = (Tar(Pax(Record("size", "-1")), Ordinary), TarHeader, "pax size"),
        ["pax with a bad time"] = (Tar(Pax(Record("mtime", "noon")), Ordinary), TarHeader, "pax mtime"),
        ["pax twice"] = (Tar(Pax(), Pax(), Ordinary), TarHeader, "two extended headers"),
        ["pax for nothing"] = (Tar(Pax(Record("path", "x"))), TarHeader, "missing behind its extended header"),
        ["pax for all"] = (Tar(PaxOf('g', Record("path", "x")), Ordinary), TarHeader, "global"),
        ["a huge pax header"] = (Tar(Pax(new string('x', 65537)), Ordinary), TarHeader, "65537"),
    };

    public static TheoryData<string> Spoiled => [.. Refusals.Keys];

    [Theory]
    [MemberData(nameof(Spoiled))]
    public void SpoiledImage_IsRefused(string spoiled)
    {
        var (tar, code, says) = Refusals[spoiled];
        foreach (var pieces in PieceSizes)
        {
            var problem = Read(tar, new Recording(), pieces);
            Assert.Equal((code, true), (problem?.Code ?? Stopped, problem?.Text.Contains(says, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Variations_AreRead()
    {
        var to = new Recording();
        Assert.Null(Read(Tar(
            Folder("./"),
            PaxOf('g', Record("comment", "c0ffee"), Record("mtime", "5")),
            File("./old") with { Magic = "", Kind = '\0' },
            new TarMemberBytes("oldfolder/") { Magic = "", Kind = '\0', Mode = "0000700" },
            File("contiguous") with { Kind = '7', Magic = "ustar  \0", Prefix = "not a prefix" },
            File("file") with { Prefix = "some/prefix" },
            Folder("a//b/./c/"),
            Folder("a"),
            Folder("a/b/c"),
            Pax(Record("path", "pax/ü"), Record("mtime", "1681207200.25"), Record("uid", "7")), File("ignored"),
            Symlink("a/l", ".././some/prefix"),
            Symlink("dangling", "nowhere/at/all")), to, [int.MaxValue]));
        Assert.Equal(
            [
                $"file old 644 0 {EmptySha256}", "folder oldfolder 700", $"file contiguous 644 0 {EmptySha256}",
                $"file some/prefix/file 644 0 {EmptySha256}", "folder a/b/c 755", "folder a 755", "folder a/b/c 755",
                $"file pax/ü 644 0 {EmptySha256}", "link a/l 644 .././some/prefix", "link dangling 644 nowhere/at/all",
            ],
            to.Events);
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1_681_207_200_250), to.Members[^3].ModifiedAt);
    }

    [Fact]
    public void SetUserId_IsDropped()
    {
        var to = new Recording();
        Assert.Null(Read(Tar(File("su") with { Mode = "0006755" }), to, [512]));
        Assert.Equal("755", Convert.ToString((int)to.Members[0].Mode, 8));
    }

    [Theory]
    [InlineData("conf.json")]
    [InlineData("./conf9.json")]
    public void UserSettings_AreNeverTaken(string path)
    {
        var to = new Recording();
        Assert.Null(Read(Tar(File(path, "{}"), File("etc/conf.json"), Folder("conf9.json/x"), Symlink("conf.json", "/etc")), to, [9]));
        Assert.Equal([$"skipped {path.Replace("./", "")}", $"file etc/conf.json 644 0 {EmptySha256}",
            "skipped conf9.json/x", "skipped conf.json"], to.Events);
    }

    [Fact]
    public void MillionMembers_AreRefused()
    {
        var to = new Counting();
        var reader = new TarReader(to);
        BundleProblem? problem = null;
        for (var i = 0; i < 1_000_000 && problem is null; i++)
        {
            problem = reader.Push(Folder($"d{i}").Block());
        }
        Assert.Equal((TarTooMany, 100_000), (problem?.Code ?? Stopped, to.Folders));
    }

    [Fact]
    public void ImpliedFolders_CountAsMembers()
    {
        var limits = BundleLimits.Default with { TarMembers = 5 };
        Assert.Null(Read(Tar(File("a/b/c/d/e")), new Recording(), [512], limits));
        Assert.Equal(TarTooMany, Read(Tar(File("a/b/c/d/e/f")), new Recording(), [512], limits)?.Code);
        Assert.Equal(TarTooMany, Read(Tar([.. Enumerable.Repeat(PaxOf('g'), 6)]), new Recording(), [512], limits)?.Code);
        Assert.Equal(TarTooMany, Read(Tar([.. Enumerable.Repeat(File("conf.json"), 6)]), new Recording(), [512], limits)?.Code);
    }

    [Fact]
    public void SinkThatSaysNo_StopsTheReading()
    {
        var to = new Recording { StopAt = "file" };
        Assert.Equal(Stopped, Read(Tar(Ordinary), to, [512])?.Code);
        Assert.Empty(to.Events);
    }

    [Theory]
    [InlineData(TarEntryFormat.V7)]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Gnu)]
    [InlineData(TarEntryFormat.Pax)]
    public void WhatDotNetWrites_IsReadTheSame(TarEntryFormat format)
    {
        var longest = format is TarEntryFormat.Gnu or TarEntryFormat.Pax ? 250 : 60;
        var names = Gen.Char["abcdüß .-"].Array[1, longest / 4].Select(c => "n" + new string(c));
        var paths = names.Array[1, 3].Select(n => string.Join('/', n)).Where(p => p.Length < longest);
        var files = Gen.Select(paths, Gen.Byte.Array[0, 2000], Gen.Int[0, 511]);
        Gen.Select(files.Array[1, 8], Gen.Int[1, 1500].Array[1, 9]).Sample(
            (members, pieces) =>
            {
                var distinct = members.DistinctBy(m => m.Item1.Split('/')[0]).ToArray();
                var expected = distinct.Select(m => $"file {m.Item1} {Convert.ToString(m.Item3, 8)} {m.Item2.Length} "
                    + Convert.ToHexStringLower(SHA256.HashData(m.Item2)));
                var to = new Recording();
                Assert.Null(Read(Write(format, distinct), to, pieces));
                Assert.Equal(expected, to.Events);
            },
            iter: 150);
    }

    [Fact]
    public void AnyBytes_AreAnswered() =>
        Gen.Select(Gen.Byte.Array[0, 1500], Gen.Int[0, 2000], Gen.Int[0, 255]).Sample((noise, where, value) =>
        {
            Read(noise, new Recording(), [100]);
            var tar = Tar(Pax(Record("path", "long/name"), Record("size", "5")), Ordinary, Symlink("l", "a.txt"));
            tar[where % tar.Length] = (byte)value;
            FixChecksum(tar.AsSpan(where % tar.Length / 512 * 512, 512));
            var whole = Read(tar, new Recording(), [int.MaxValue]);
            Assert.Equal(whole?.Code, Read(tar, new Recording(), [1])?.Code);
        }, iter: 3000);

    /// <summary>Lets damage pass the checksum, which would otherwise hide what lies behind it.</summary>
    private static void FixChecksum(Span<byte> block)
    {
        if (block[257] == 'u')
        {
            block.Slice(148, 8).Fill((byte)' ');
            var sum = 0;
            foreach (var b in block)
            {
                sum += b;
            }
            System.Text.Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0')).CopyTo(block[148..]);
        }
    }

    private static byte[] Write(TarEntryFormat format, (string Path, byte[] Data, int Mode)[] members)
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, format, leaveOpen: true))
        {
            foreach (var (path, data, mode) in members)
            {
                TarEntry entry = format switch
                {
                    TarEntryFormat.V7 => new V7TarEntry(TarEntryType.V7RegularFile, path),
                    TarEntryFormat.Ustar => new UstarTarEntry(TarEntryType.RegularFile, path),
                    TarEntryFormat.Gnu => new GnuTarEntry(TarEntryType.RegularFile, path),
                    _ => new PaxTarEntry(TarEntryType.RegularFile, path),
                };
                entry.DataStream = new MemoryStream(data);
                entry.Mode = (UnixFileMode)mode;
                writer.WriteEntry(entry);
            }
        }
        return tar.ToArray();
    }

    private sealed class Counting : ITarSink
    {
        public int Folders { get; private set; }

        public bool Folder(TarMember member) => ++Folders > 0;

        public bool FileBegin(TarMember member, long sizeBytes) => true;

        public bool FileData(ReadOnlySpan<byte> data) => true;

        public bool FileEnd() => true;

        public bool SymbolicLink(TarMember member, string target) => true;

        public bool Skipped(string path) => true;

        public void End()
        {
        }
    }
}
