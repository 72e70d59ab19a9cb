using System.Net.Sockets;
using System.Text;

namespace Meerkat.Storage.Tests;

public sealed class HostVolumeTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly HostVolume volume;

    public HostVolumeTests()
    {
        Directory.CreateDirectory(folder["root"]);
        Directory.CreateDirectory(folder["outside"]);
        File.WriteAllText(folder["outside/secret"], "secret");
        volume = new HostVolume(folder["root"]);
    }

    public void Dispose()
    {
        volume.Dispose();
        folder.Dispose();
    }

    /// <summary>Everything one can do with a path; a link in it must never be followed.</summary>
    private static readonly Dictionary<string, Action<IVolume, string>> Operations = new()
    {
        ["list"] = (volume, path) => volume.List(path),
        ["read"] = (volume, path) => volume.OpenRead(path).Dispose(),
        ["write"] = (volume, path) => volume.OpenWrite(path).Dispose(),
        ["create"] = (volume, path) => volume.Create(path, 0x1A4).Dispose(),
        ["make a directory"] = (volume, path) => volume.CreateDirectory(path, 0x1ED),
        ["make a link"] = (volume, path) => volume.CreateLink(path, "x"),
        ["flush"] = (volume, path) => volume.FlushDirectory(path),
        ["lock"] = (volume, path) => ((HostVolume)volume).TryLock(path)?.Dispose(),
    };

    public static TheoryData<string> Names => [.. Operations.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void LinkOnTheWay_IsNotFollowed(string operation)
    {
        folder.Shell("mkdir root/d; ln -s ../outside root/l; ln -s ../../outside root/d/l; ln -s . root/self");
        foreach (var path in (string[])["l/secret", "l/new", "d/l/secret", "d/l/new", "self/d", "self/new", "self/self/new"])
        {
            Assert.Throws<StorageException>(() => Operations[operation](volume, path));
        }
        Assert.Equal("secret", folder.Shell("ls outside").Trim());
        Assert.Equal("d\nl\nself", folder.Shell("ls root").Trim());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void LinkAtTheEnd_IsNotFollowed(string operation)
    {
        folder.Shell("ln -s ../outside/secret root/file; ln -s ../outside root/dir; ln -s ../outside/new root/dangling");
        foreach (var path in (string[])["file", "dir", "dangling"])
        {
            Assert.Throws<StorageException>(() => Operations[operation](volume, path));
        }
        Assert.Equal("secret", folder.Shell("ls outside").Trim());
        Assert.Equal("secret", File.ReadAllText(folder["outside/secret"]));
    }

    [Fact]
    public void LinkItself_IsSeenRenamedAndRemoved()
    {
        folder.Shell("ln -s ../outside root/l");
        Assert.Equal(EntryKind.Link, volume.Find("l")!.Value.Kind);
        Assert.Equal("../outside", volume.ReadLink("l"));
        Assert.Null(volume.Find("l/secret"));
        volume.SetAttributes("l", volume.Find("l")!.Value.Attributes with { Modified = DateTimeOffset.UnixEpoch });
        Assert.Equal(DateTimeOffset.UnixEpoch, volume.Find("l")!.Value.Attributes.Modified);
        volume.Rename("l", "m");
        volume.RemoveTree("m");
        Assert.Equal("secret", folder.Shell("ls -A root; ls outside").Trim());
    }

    [Fact]
    public void RenameThroughALink_IsRefused()
    {
        folder.Shell("ln -s ../outside root/l; touch root/f");
        Assert.Throws<StorageException>(() => volume.Rename("f", "l/f"));
        Assert.Throws<StorageException>(() => volume.Rename("l/secret", "f"));
        Assert.Throws<StorageException>(() => volume.Remove("l/secret"));
        Assert.Throws<StorageException>(() => volume.SetAttributes("l/secret", default));
        Assert.True(File.Exists(folder["outside/secret"]));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../outside/secret")]
    [InlineData("a/../../outside")]
    [InlineData("a/..")]
    [InlineData(".")]
    [InlineData("a/./b")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("/")]
    public void PathThatIsNotPlain_Throws(string path)
    {
        Assert.Throws<ArgumentException>(() => volume.Find(path));
        Assert.All(Operations.Values, operation => Assert.Throws<ArgumentException>(() => operation(volume, path)));
    }

    [Fact]
    public void NameThatNoFileCanHave_Throws() => Assert.All(
        (string[])["a\0b", "\uD800", "\uDC7F"], name => Assert.Throws<ArgumentException>(() => volume.Find(name)));

    [Fact]
    public void FifoSocketAndDevice_AreSpecialAndRefusedWithoutWaiting()
    {
        folder.Shell("mkfifo root/fifo");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder["root/socket"]));
        foreach (var path in (string[])["fifo", "socket"])
        {
            Assert.Equal(EntryKind.Special, volume.Find(path)!.Value.Kind);
            Assert.Throws<StorageException>(() => volume.OpenRead(path));
            Assert.Throws<StorageException>(() => volume.OpenWrite(path));
        }
        Assert.Equal(
            "cannot open as a regular file fifo: Invalid argument",
            Assert.Throws<StorageException>(() => volume.OpenRead("fifo")).Message);
    }

    [Fact]
    public void Directory_IsNoFile()
    {
        volume.CreateDirectory("d", 0x1ED);
        Assert.Throws<StorageException>(() => volume.OpenRead("d"));
        Assert.Throws<StorageException>(() => volume.OpenWrite("d"));
        Assert.Null(volume.ReadSmall("d", 10));
    }

    [Fact]
    public void FileInsteadOfADirectory_HasNothingBelow()
    {
        volume.Create("f", 0x1A4).Dispose();
        Assert.Null(volume.Find("f/x"));
        Assert.True(Assert.Throws<StorageException>(() => volume.OpenRead("f/x")).IsNotFound);
        Assert.Throws<StorageException>(() => volume.List("f"));
    }

    [Fact]
    public void NamesThatAreNotUtf8_ComeBackAsTheSameBytes()
    {
        folder.Shell("""cd root; touch $'a\xff\xfe' $'\xc3\x28' $'\xed\xa0\x80' $'\xf0\x9f\x98\x80' $'\xe4'""");
        var names = volume.List("").Select(entry => entry.Name).ToList();
        Assert.Equal(5, names.Count);
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
        foreach (var name in names)
        {
            volume.Rename(name, "x" + name);
            volume.CreateLink("y", name);
            Assert.Equal(name, volume.ReadLink("y"));
            volume.Remove("y");
        }
        Assert.Equal(
            folder.Shell("""printf 'xa\xff\xfe\nx\xc3\x28\nx\xed\xa0\x80\nx\xf0\x9f\x98\x80\nx\xe4\n' | LC_ALL=C sort | od -An -tx1"""),
            folder.Shell("cd root; ls | LC_ALL=C sort | od -An -tx1"));
    }

    [Fact]
    public void List_IsSortedByNameAndSeesEveryKind()
    {
        folder.Shell("cd root; mkdir d; printf 12345 > B; touch a b 10 9; ln -s nowhere l; mkfifo p");
        Assert.Equal(
            "10 File 0, 9 File 0, B File 5, a File 0, b File 0, d Directory, l Link, p Special",
            string.Join(", ", volume.List("").Select(entry =>
                $"{entry.Name} {entry.Kind}{(entry.Kind == EntryKind.File ? $" {entry.Bytes}" : "")}")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(-5_000_000_001)]
    [InlineData(-20_000_000_000_000_007)]
    [InlineData(17_726_007_678_901_234)]
    [InlineData(33_000_000_000_000_001)]
    public void Attributes_ComeBackAlsoForTimesBefore1970(long ticksSince1970)
    {
        var owner = Environment.UserName == "root" ? (User: 12345u, Group: 54321u) : (User: volume.Find("")!.Value.Attributes.User, Group: volume.Find("")!.Value.Attributes.Group);
        var wanted = new EntryAttributes(0x1A0, owner.User, owner.Group, DateTimeOffset.UnixEpoch.AddTicks(ticksSince1970));
        volume.Create("f", 0x180).Dispose();
        volume.SetAttributes("f", wanted);
        Assert.Equal(wanted, volume.Find("f")!.Value.Attributes);
        volume.CreateDirectory("d", 0x1C0);
        volume.SetAttributes("d", wanted with { Mode = 0x1ED });
        Assert.Equal(wanted with { Mode = 0x1ED }, volume.Find("d")!.Value.Attributes);
    }

    [Fact]
    public void SetIdAndStickyBits_SurviveTheChangeOfOwner()
    {
        volume.Create("f", 0x180).Dispose();
        volume.SetAttributes("f", volume.Find("f")!.Value.Attributes with { Mode = 0xFED });
        Assert.Equal(0xFED, volume.Find("f")!.Value.Attributes.Mode);
    }

    [Fact]
    public void Create_HasItsModeWhateverTheUmask()
    {
        volume.Create("f", 0x1FF).Dispose();
        volume.CreateDirectory("d", 0x1FF);
        Assert.Equal((0x1FF, 0x1FF), (volume.Find("f")!.Value.Attributes.Mode, volume.Find("d")!.Value.Attributes.Mode));
    }

    [Fact]
    public void CreateOverSomething_IsRefused()
    {
        volume.Create("f", 0x1A4).Dispose();
        Assert.True(Assert.Throws<StorageException>(() => volume.Create("f", 0x1A4)).IsExists);
        Assert.True(Assert.Throws<StorageException>(() => volume.CreateDirectory("f", 0x1ED)).IsExists);
        Assert.True(Assert.Throws<StorageException>(() => volume.CreateLink("f", "x")).IsExists);
    }

    [Fact]
    public void LargeFile_WrittenInPiecesAndOverwritten_IsWhatWasWritten()
    {
        var content = new byte[(7 << 20) + 12_345];
        new Random(7).NextBytes(content);
        using var file = volume.Create("large", 0x1A4);
        const int piece = 300_000;
        for (var at = 0; at < content.Length; at += piece)
        {
            file.Write(content.AsSpan(at, Math.Min(piece, content.Length - at)), at);
        }
        content.AsSpan(5_000_000, 1_500_000).Clear();
        file.Write(content.AsSpan(5_000_000, 1_500_000), 5_000_000);
        volume.WriteBack();
        file.Flush();
        Assert.Equal(content, File.ReadAllBytes(folder["root/large"]));
    }

    [Fact]
    public void File_IsReadAndWrittenAtOffsets()
    {
        using var file = volume.Create("f", 0x1A4);
        file.Write("world"u8, 6);
        file.Write("hello "u8, 0);
        file.Flush();
        Assert.Equal(11, file.Length);
        file.Truncate(8);
        var buffer = new byte[20];
        Assert.Equal((5, 0), (file.Read(buffer, 3), file.Read(buffer, 8)));
        Assert.Equal("lo wo", Encoding.ASCII.GetString(buffer, 0, 5));
    }

    [Fact]
    public void WriteBackOnAMediumThatFails_SaysSo()
    {
        using var failing = new HostVolume(folder.MountOnFailing("failing"));
        using var file = failing.Create("f", 0x1A4);
        folder.FailMedium();
        file.Write(new byte[100_000], 0);
        Assert.Contains("Input/output error", Assert.Throws<StorageException>(failing.WriteBack).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReplaceThatFails_LeavesNothingBeside()
    {
        volume.CreateDirectory("taken", 0x1ED);
        volume.Create("taken/inside", 0x1A4).Dispose();
        Assert.Throws<StorageException>(() => volume.Replace("taken", "new", 0x1A4));
        Assert.Equal(["taken"], volume.List("").Select(entry => entry.Name));
    }

    [Fact]
    public void Replace_LeavesNothingBesideAndReplacesALinkItself()
    {
        folder.Shell("ln -s ../outside/secret root/f; touch root/f.new");
        volume.Replace("f", "new", 0x1A4);
        Assert.Equal(("new", "f", "secret"), (
            File.ReadAllText(folder["root/f"]), folder.Shell("ls root").Trim(), File.ReadAllText(folder["outside/secret"])));
    }

    [Fact]
    public void ReadSmall_RefusesWhatIsLarger()
    {
        volume.Replace("f", "12345", 0x1A4);
        Assert.Equal("12345"u8.ToArray(), volume.ReadSmall("f", 5));
        Assert.Throws<StorageException>(() => volume.ReadSmall("f", 4));
        Assert.Null(volume.ReadSmall("g", 4));
    }

    [Fact]
    public void RemoveTree_TakesTwoThousandLevels()
    {
        folder.Shell("""
            cd root; mkdir t t/.removed-1; touch t/.removed-2
            perl -e 'chdir "t"; for (1..2000) { mkdir "d" or die; mkdir "e"; chdir "d" or die } open(F, ">bottom") or die'
            """);
        volume.RemoveTree("t");
        Assert.Null(volume.Find("t"));
    }

    [Fact]
    public void RemoveTree_TakesClosedDirectoriesLinksAndSpecials()
    {
        folder.Shell("""
            cd root; mkdir -p t/closed/inner t/readonly; touch t/closed/inner/f t/readonly/f; mkfifo t/p; ln -s ../../outside t/l
            chmod 0 t/closed/inner t/closed; chmod 0555 t/readonly
            """);
        volume.RemoveTree("t");
        Assert.Equal("secret", folder.Shell("ls -A root; ls outside").Trim());
    }

    [Fact]
    public void TreeBytes_CountsRegularFilesOnly()
    {
        folder.Shell("cd root; mkdir -p t/a/b; printf 123 > t/x; printf 4567 > t/a/b/y; ln -s x t/l; mkfifo t/p");
        Assert.Equal((7, 0, 0), (volume.TreeBytes("t"), volume.TreeBytes("nothing"), volume.TreeBytes("t/x")));
    }

    [Fact]
    public void Lock_IsHeldByOneAtATime()
    {
        using (var first = volume.TryLock("lock"))
        {
            Assert.NotNull(first);
            Assert.Null(volume.TryLock("lock"));
        }
        // A child that another test starts holds a copy of the descriptor from its fork to its exec.
        IDisposable? second = null;
        Assert.True(SpinWait.SpinUntil(() => (second = volume.TryLock("lock")) is not null, TimeSpan.FromSeconds(30)));
        second!.Dispose();
    }

    [Fact]
    public void LockWithoutItsFile_IsThatOfTheRoot()
    {
        var root = folder.MountSmall("locked", "64k");
        using var locked = new HostVolume(root);
        folder.Shell("mount -o remount,ro locked");
        using (var first = locked.TryLock("boot/lock"))
        {
            Assert.NotNull(first);
            // Also for one who comes when the file can be made again.
            folder.Shell("mount -o remount,rw locked; mkdir locked/boot");
            Assert.Null(locked.TryLock("boot/lock"));
        }
    }

    [Fact]
    public void ReservedSpace_TakesWritesOnAFullMedium_AndNotTheLength()
    {
        using var small = new HostVolume(folder.MountSmall("small", "256k"));
        using var kept = small.Create("kept", 0x1A4);
        kept.Write("abc"u8, 0);
        kept.Reserve(64 * 1024);
        Assert.Equal(3, kept.Length);
        folder.Shell("cat /dev/zero > small/filler 2>/dev/null || true");
        using var other = small.Create("other", 0x1A4);
        Assert.Throws<StorageException>(() => other.Write(new byte[4096], 0));
        kept.Write(new byte[64 * 1024], 0);
        Assert.Throws<StorageException>(() => kept.Write(new byte[64 * 1024], 64 * 1024));
    }

    [Fact]
    public void ReplaceThatFails_LeavesTheOldFileAndNothingBeside()
    {
        using var small = new HostVolume(folder.MountSmall("small", "64k"));
        small.Replace("f", "old", 0x1A4);
        Assert.Throws<StorageException>(() => small.Replace("f", new byte[100_000], 0x1A4));
        Assert.Equal("f old", folder.Shell("cd small; echo $(ls) $(cat f)").Trim());
    }

    [Fact]
    public void RootThatIsNotThere_IsNamed() => Assert.StartsWith(
        $"cannot open {folder["nothing"]}: ",
        Assert.Throws<StorageException>(() => new HostVolume(folder["nothing"])).Message,
        StringComparison.Ordinal);

    [Fact]
    public void FreeSpace_IsThatOfTheVolumesOwnFileSystem()
    {
        using var small = new HostVolume(folder.MountSmall("small", "128k"));
        Assert.InRange(small.FreeBytes, 1, 128 * 1024);
    }

    [Fact]
    public void FullMedium_IsSaidToBeFull()
    {
        using var small = new HostVolume(folder.MountSmall("small", "64k"));
        using var file = small.Create("f", 0x1A4);
        Assert.True(Assert.Throws<StorageException>(() => file.Write(new byte[128 * 1024], 0)).IsNoSpace);
    }
}
