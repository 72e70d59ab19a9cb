using System.Net.Sockets;
using System.Text;
using Meerkat.Boot.Log;
using Meerkat.Boot.Posix;
using Microsoft.Win32.SafeHandles;

namespace Meerkat.Boot.Tests;

public sealed class JournalTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("mkjournal").FullName;
    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly MemoryStream instead = new();

    public JournalTests()
    {
        socket.Bind(new UnixDomainSocketEndPoint(Place));
        socket.ReceiveTimeout = 60_000;
    }

    private string Place => Path.Combine(folder, "socket");

    public void Dispose()
    {
        socket.Dispose();
        instead.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void LinesOfWords_AreCounted_AndOneLineIsNot()
    {
        using var journal = new Journal(Place, instead) { Device = "dev7" };
        journal.Put(JournalEntry.Of("meerkat-boot", "dev7", new LogEvent("fall_back", "one\ntwo") { Slot = 1, Version = "1.2", Reason = "exited" }), null);

        Assert.Equal(
            "MESSAGE\n\u0007\0\0\0\0\0\0\0one\ntwo\nPRIORITY=6\nSYSLOG_IDENTIFIER=meerkat-boot\nMEERKAT_DEVICE=dev7\n"
            + "MEERKAT_EVENT=fall_back\nMEERKAT_SLOT=1\nMEERKAT_VERSION=1.2\nMEERKAT_REASON=exited\n",
            Receive());
    }

    [Fact]
    public void LongMessage_IsCut() =>
        Assert.Equal(
            48 * 1024,
            JournalEntry.Of("x", "", new LogEvent("", new string('a', 100_000))).Count(one => one == 'a'));

    [Fact]
    public void Output_IsPartedIntoLines_WhereverItsPiecesEnd()
    {
        using var journal = new Journal(Place, instead);
        var lines = new ProgramLines("meerkat-firmware", 1, "1.2", tellsEvents: false);

        journal.Put("first\nsec"u8.ToArray(), lines);
        journal.Put("ond\n\n<3>third"u8.ToArray(), lines);
        journal.Put([], lines);
        journal.Put([], lines);
        journal.Put(Encoding.ASCII.GetBytes(new string('b', 48 * 1024) + "rest\n"), lines);

        const string fields = "SYSLOG_IDENTIFIER=meerkat-firmware\nMEERKAT_SLOT=1\nMEERKAT_VERSION=1.2\n";
        Assert.Equal("MESSAGE=first\nPRIORITY=6\n" + fields, Receive());
        Assert.Equal("MESSAGE=second\nPRIORITY=6\n" + fields, Receive());
        Assert.Equal("MESSAGE=third\nPRIORITY=3\n" + fields, Receive());
        Assert.Equal("MESSAGE=" + new string('b', 48 * 1024) + "\nPRIORITY=6\n" + fields, Receive());
        Assert.Equal("MESSAGE=rest\nPRIORITY=6\n" + fields, Receive());
        Assert.Equal(0, socket.Available);
    }

    [Fact]
    public void Firmware_CannotTellEvents()
    {
        using var journal = new Journal(Place, instead);
        var line = Encoding.UTF8.GetBytes(EventLine.Write(new LogEvent("fall_back", "no") { Slot = 0 }) + "\n");

        journal.Put(line, new ProgramLines("meerkat-firmware", 1, "1.2", tellsEvents: false));

        Assert.DoesNotContain("MEERKAT_EVENT", Receive());
    }

    [Fact]
    public void EventOfTheAgent_KeepsItsFields()
    {
        var told = new LogEvent("update_ended", "update: -1 a] b [c=d") { Severity = Severity.Warning, Slot = 1, Version = "1.0 ]é=x", Reason = "failed" };

        Assert.Equal(told, EventLine.Read(EventLine.Write(told)));
    }

    [Theory]
    [InlineData("meerkat-agent: update: -1 bad [fall_back severity=2 slot=0] x", "update: -1 bad [fall_back severity=2 slot=0] x", Severity.Info)]
    [InlineData("meerkat-agent: Error: no device", "Error: no device", Severity.Error)]
    [InlineData("meerkat-agent: WARNING: odd", "WARNING: odd", Severity.Warning)]
    [InlineData("meerkat-agent: [no fields] here", "[no fields] here", Severity.Info)]
    [InlineData("Unhandled exception. X", "Unhandled exception. X", Severity.Info)]
    public void LineWithoutFields_IsNoEvent(string line, string text, Severity severity) =>
        Assert.Equal(new LogEvent("", text) { Severity = severity }, EventLine.Read(line));

    [Fact]
    public void JournalThatIsGone_LosesNoWords()
    {
        using var journal = new Journal(Place + "-gone", instead);
        var lines = new ProgramLines("meerkat-firmware", 1, "1.2", tellsEvents: false);

        journal.Put("hello\n"u8.ToArray(), lines);

        Assert.Equal("hello\n", Encoding.UTF8.GetString(instead.ToArray()));
    }

    [Fact]
    public void Journal_IsUsedWhenErrorsGoThere()
    {
        using var open = File.OpenHandle(Path.Combine(folder, "stream"), FileMode.CreateNew, FileAccess.Write);
        using var other = File.OpenHandle(Path.Combine(folder, "other"), FileMode.CreateNew, FileAccess.Write);
        var identity = FileIdentity.Of(Number(open));
        Assert.Matches("^[0-9]+:[0-9]+$", identity);

        Assert.NotNull(Journal.Find(identity, Number(open), Place, Stream.Null));
        Assert.Null(Journal.Find(identity, Number(other), Place, Stream.Null));
        Assert.Null(Journal.Find(identity, -1, Place, Stream.Null));
        Assert.Null(Journal.Find(null, Number(open), Place, Stream.Null));
        Assert.Null(Journal.Find("", -1, Place, Stream.Null));
        Assert.Null(Journal.Find(identity, Number(open), Place + "-gone", Stream.Null));
    }

    private static int Number(SafeFileHandle handle) => (int)handle.DangerousGetHandle();

    private string Receive()
    {
        var block = new byte[1 << 20];
        return Encoding.Latin1.GetString(block, 0, socket.Receive(block));
    }
}
