using System.Diagnostics;
using System.Formats.Tar;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Meerkat.Core.Bundles;
using Meerkat.Device.Bundles;

namespace Meerkat.Device.Tests.Bundles;

[UnsupportedOSPlatform("windows")]
public sealed class FsImageTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("meerkat-fs-image-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Folder_IsPackedSortedWithModes()
    {
        var longName = new string('n', 120);
        Write("www/index.html", "<h1>hello</h1>");
        Write("www/grün", "green");
        Write("a", "");
        Write($"deep/{longName}", "long");
        Directory.CreateDirectory(Inside("empty"));
        File.CreateSymbolicLink(Inside("home"), "www/index.html");
        File.SetUnixFileMode(Inside("www/index.html"), UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var image = Pack(out var members);

        Assert.Equal(8, members);
        using var tar = new System.Formats.Tar.TarReader(new MemoryStream(image));
        var read = new List<string>();
        while (tar.GetNextEntry() is { } entry)
        {
            read.Add($"{entry.EntryType} {entry.Name} {entry.LinkName} {entry.Length} {entry.Uid} "
                + $"{entry.ModificationTime.ToUnixTimeSeconds()}");
            if (entry.Name == "www/index.html")
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserExecute, entry.Mode);
            }
        }
        Assert.Equal(
            [
                "RegularFile a  0 0 0", "Directory deep  0 0 0", $"RegularFile deep/{longName}  4 0 0", "Directory empty  0 0 0",
                "SymbolicLink home www/index.html 0 0 0", "Directory www  0 0 0", "RegularFile www/grün  5 0 0",
                "RegularFile www/index.html  14 0 0",
            ],
            read);
    }

    [Fact]
    public void SameContent_GivesTheSameBytes()
    {
        Write("b/" + new string('n', 200), "x");
        Write("a", "y");
        var first = Pack(out _);
        File.SetLastWriteTimeUtc(Inside("a"), DateTime.UnixEpoch.AddDays(5000));
        Assert.Equal(first, Pack(out _));
    }

    [Fact]
    public void EmptyFolder_IsAnEmptyArchive() => Assert.Equal(new byte[1024], Pack(out _));

    [Theory]
    [InlineData("conf.json")]
    [InlineData("conf9.json")]
    public void UserSettings_AreRefused(string name)
    {
        Write(name, "{}");
        Assert.Contains("put defaults into conf0.json", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void UserSettingsBelow_AreOrdinaryFiles()
    {
        Write("examples/conf.json", "{}");
        Assert.NotEmpty(Pack(out _));
    }

    [Fact]
    public void Fifo_IsRefusedWithoutWaitingForAWriter()
    {
        using var mkfifo = Process.Start("mkfifo", Inside("pipe"));
        mkfifo.WaitForExit();
        Assert.Contains("'pipe' is a device, FIFO or socket", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Socket_IsRefused()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Inside("s")));
        Assert.Contains("'s' is a device, FIFO or socket", Refusal(), StringComparison.Ordinal);
    }

    private string Inside(string path) => Path.Combine(folder, path);

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Inside(path))!);
        File.WriteAllText(Inside(path), text);
    }

    private byte[] Pack(out int members)
    {
        using var output = new MemoryStream();
        members = Assert.IsType<FsImage.Written>(FsImage.Write(folder, output)).Members;
        var reader = new Meerkat.Core.Bundles.TarReader(new Accepting());
        reader.Push(output.ToArray());
        Assert.Null(reader.Complete());
        return output.ToArray();
    }

    private string Refusal()
    {
        using var output = new MemoryStream();
        return Assert.IsType<FsImage.Refused>(FsImage.Write(folder, output)).Reason;
    }

    private sealed class Accepting : ITarSink
    {
        public bool Folder(TarMember member) => true;

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
