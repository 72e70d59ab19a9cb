using System.Net;
using System.Text;
using Meerkat.Boot.Posix;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;
using Meerkat.Tool.Doctor;

namespace Meerkat.Packaging.Tests.Doctor;

/// <summary>What each check makes of its facts.</summary>
public sealed class FindingTests
{
    private static readonly UserId Firmware = new(999, 999);

    [Theory]
    [InlineData(nameof(EntryRule.MustNotWrite), "755 0:0", "")]
    [InlineData(nameof(EntryRule.MustNotWrite), "775 0:999", "can be changed by the firmware")]
    [InlineData(nameof(EntryRule.MustNotWrite), "757 0:0", "can be changed by the firmware")]
    [InlineData(nameof(EntryRule.MustNotWrite), "775 0:50", "")]
    [InlineData(nameof(EntryRule.MustNotWrite), "555 999:0", "can be changed by the firmware")]
    [InlineData(nameof(EntryRule.MustNotEnter), "700 0:0", "")]
    [InlineData(nameof(EntryRule.MustNotEnter), "701 0:0", "can be entered by the firmware")]
    [InlineData(nameof(EntryRule.MustNotEnter), "710 0:999", "can be entered by the firmware")]
    [InlineData(nameof(EntryRule.MustNotEnter), "700 999:999", "can be entered by the firmware")]
    [InlineData(nameof(EntryRule.MustWrite), "755 999:999", "")]
    [InlineData(nameof(EntryRule.MustWrite), "775 0:999", "")]
    [InlineData(nameof(EntryRule.MustWrite), "755 0:0", "cannot be written by the firmware")]
    [InlineData(nameof(EntryRule.MustWrite), "557 999:999", "cannot be written by the firmware")]
    [InlineData(nameof(EntryRule.OwnerOnly), "600 0:0", "")]
    [InlineData(nameof(EntryRule.OwnerOnly), "660 0:0", "open to others than its owner")]
    public void Rights(string rule, string rights, string problem)
    {
        var (mode, user, group) = rights.Split(' ', ':') is [var bits, var owner, var shared]
            ? (Convert.ToInt32(bits, 8), uint.Parse(owner), uint.Parse(shared)) : default;
        var finding = Assert.Single(RightsCheck.Judge("/d", [new EntryRights("boot", Enum.Parse<EntryRule>(rule), mode, user, group)], Firmware));
        Assert.Equal(problem.Length == 0 ? FindingState.Ok : FindingState.Problem, finding.State);
        Assert.Contains(problem, finding.Text, StringComparison.Ordinal);
        Assert.Equal(problem.Length == 0, finding.Advice.Length == 0);
    }

    [Theory]
    [InlineData("meerkat", "separate", 999, 0, "ok")]
    [InlineData("nobody", "separate", 65534, 0, "ok warning")]
    [InlineData("root", "separate", 0, 0, "warning")]
    [InlineData("", "separate", 1000, 1000, "warning")]
    [InlineData("meerkat", "embedded", 999, 0, "problem")]
    [InlineData("root", "embedded", 0, 0, "warning")]
    [InlineData("", "embedded", 1000, 1000, "warning")]
    [InlineData("gone", "separate", -1, 0, "problem")]
    public void BoardThatSays(string user, string agent, int firmware, int loader, string states)
    {
        var board = Board.Parse(Encoding.UTF8.GetBytes($$"""{"format":1,"platform":"linux-x64","user":"{{user}}","agent":"{{agent}}"}"""));
        UserId? id = firmware < 0 ? null : new UserId((uint)firmware, (uint)firmware);
        Assert.Equal(states, States(BoardCheck.Judge(board, id, (uint)loader)));
    }

    [Theory]
    [InlineData("0.1.0", "0.1.0", null, "ok ok")]
    [InlineData("0.1.0", "0.1.0", "0.1.0", "ok ok")]
    [InlineData("0.1.0", "0.1.0", "0.0.9", "ok ok warning")]
    [InlineData("0.0.9", "0.1.0", null, "warning ok")]
    [InlineData("", "0.1.0", null, "problem ok")]
    public void Programs(string loader, string agent, string? running, string states) => Assert.Equal(states, States(ProgramsCheck.Judge(
        "0.1.0", [new InstalledProgram("meerkat-boot", "/b", loader), new InstalledProgram("meerkat-agent", "/a", agent)], running)));

    [Fact]
    public void ProgramThatIsNowhere_IsAProblem() =>
        Assert.Equal("problem", States(ProgramsCheck.Judge("0.1.0", [new InstalledProgram("meerkat-boot", "", "")], "0.1.0")));

    [Theory]
    [InlineData(1_000, 0, "ok")]
    [InlineData(210, 0, "ok")]
    [InlineData(209, 0, "warning")]
    [InlineData(10, 200, "ok")]
    [InlineData(110, 0, "warning")]
    [InlineData(109, 0, "problem")]
    [InlineData(0, 109, "problem")]
    public void Space(long free, long freed, string state) => Assert.Equal(state, States([SpaceCheck.Judge(free, freed, 100, 10)]));

    [Theory]
    [InlineData("1970-01-01", "warning")]
    [InlineData("2025-12-31", "warning")]
    [InlineData("2026-01-01", "ok")]
    public void Clock(string now, string state) =>
        Assert.Equal(state, States([ClockCheck.Judge(DateTimeOffset.Parse(now + "T00:00:00Z"))]));

    [Theory]
    [InlineData(true, 30, 120, 30, "ok ok ok")]
    [InlineData(false, 30, 120, 30, "warning ok ok")]
    [InlineData(true, 0, 0, 0, "warning warning warning")]
    [InlineData(true, -1, -1, 30, "not seen not seen ok")]
    public void Watchdogs(bool machine, int system, int service, int firmware, string states)
    {
        static TimeSpan? Limit(int seconds) => seconds < 0 ? null : TimeSpan.FromSeconds(seconds);
        Assert.Equal(states, States(WatchdogCheck.Judge(
            new WatchdogFacts(machine, Limit(system), Limit(service), TimeSpan.FromSeconds(firmware)))));
    }

    [Theory]
    [InlineData("127.0.0.1:8080", "", "127.0.0.1:8080", "ok")]
    [InlineData("[::1]:8080", "", "[::1]:8080", "ok")]
    [InlineData(":80", "", "[::]:80", "problem")]
    [InlineData("192.168.1.5:80", "", "192.168.1.5:80", "problem")]
    [InlineData(":80", "signatures", "[::]:80", "warning")]
    [InlineData(":80", "credentials", "[::]:80", "warning")]
    [InlineData(":80", "credentials tls", "[::]:80", "ok")]
    [InlineData(":80", "tls", "[::]:80", "problem")]
    [InlineData("127.0.0.1:8080", "", "0.0.0.0:8080", "ok warning")]
    [InlineData("127.0.0.1:8080", "", "127.0.0.1:9", "ok problem")]
    [InlineData("127.0.0.1:8080", "stopped", "127.0.0.1:9", "ok")]
    [InlineData("here", "", "127.0.0.1:9", "problem")]
    [InlineData(":80", "off", "127.0.0.1:9", "ok")]
    public void Network(string address, string facts, string listening, string states) => Assert.Equal(states, States(NetworkCheck.Judge(
        new NetworkFacts(
            !Has(facts, "off"), address, Has(facts, "credentials"), Has(facts, "tls"), Has(facts, "signatures"), !Has(facts, "stopped"),
            [IPEndPoint.Parse(listening)]))));

    [Fact]
    public void ListeningSockets_AreReadFromBothTables()
    {
        string[] four =
        [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3019 1",
            "   1: 0501A8C0:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3020 1",
            "   2: 0100007F:B2C4 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 3021 1",
            "   3: nonsense",
        ];
        string[] six =
        [
            "  sl  local_address                         remote_address                        st",
            "   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0",
            "   1: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0",
            "   2: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A 0",
        ];
        Assert.Equal(["127.0.0.1:8080", "192.168.1.5:80"], ListeningSockets.Parse(four).Select(socket => socket.ToString()));
        Assert.Equal(["[::]:80", "[::1]:8080", "127.0.0.1:81"], ListeningSockets.Parse(six).Select(socket => socket.ToString()));
    }

    [Theory]
    [InlineData("/var/lib/meerkat", "ok")]
    [InlineData("/tmp/device", "problem")]
    [InlineData("/srv/kiosk", "problem")]
    [InlineData("/boot/device", "problem")]
    [InlineData("/read only/device", "problem")]
    [InlineData("/fast/device", "problem")]
    [InlineData("/fastest/device", "ok")]
    [InlineData("/strange/device", "warning")]
    public void FileSystem(string path, string state)
    {
        string[] table =
        [
            "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw",
            "23 22 0:20 / /tmp rw,nosuid - tmpfs tmpfs rw,size=10k",
            "24 22 0:21 / /srv rw shared:2 master:3 - overlay overlay rw,lowerdir=/a",
            "25 22 8:2 / /boot rw - vfat /dev/sda2 rw",
            @"26 22 8:3 / /read\040only ro - ext4 /dev/sda3 ro",
            "27 22 8:4 / /fast rw - ext4 /dev/sda4 rw,nobarrier",
            "28 22 0:22 / /strange rw - plan9 x rw",
            "29 22 0:23 / /var rw - tmpfs x rw",
            "30 22 8:5 / /var rw - xfs /dev/sda5 rw",
        ];
        Assert.Equal(state, States([FileSystemCheck.Judge(MountFacts.Of(path, table))]));
    }

    [Fact]
    public void FileSystemThatNobodyTells_IsNotSeen() => Assert.Equal("not seen", States([FileSystemCheck.Judge(MountFacts.Of("/x", []))]));

    [Theory]
    [InlineData(true, false, true, "ok ok")]
    [InlineData(true, true, false, "warning ok")]
    [InlineData(true, false, null, "not seen ok")]
    [InlineData(false, true, null, "warning ok")]
    [InlineData(false, false, null, "warning ok")]
    public void Kernel(bool unified, bool old, bool? writable, string states) =>
        Assert.Equal(states, States(KernelCheck.Judge(unified, old, writable, openAt2: false)));

    [Fact]
    public void BootRecord()
    {
        var record = BootTransitions.Factory(new SlotRecord(SlotState.Written, new FirmwareVersion("1", "b"), default, 1, 0));
        RecordFacts Facts(BootRecordChoice choice, string write = "", string? slot = "") =>
            new(choice, write, new SortedDictionary<int, string?> { [0] = slot });
        Assert.Equal("ok ok", States(RecordCheck.Judge(Facts(new BootRecordChoice.Chosen(record, 0, "")))));
        Assert.Equal("warning ok", States(RecordCheck.Judge(Facts(new BootRecordChoice.Chosen(record, 0, "copy 1: torn")))));
        Assert.Equal("problem ok", States(RecordCheck.Judge(Facts(new BootRecordChoice.Lost("both")))));
        Assert.Equal("problem ok", States(RecordCheck.Judge(Facts(new BootRecordChoice.Refused("newer")))));
        Assert.Equal("ok problem not seen", States(RecordCheck.Judge(Facts(new BootRecordChoice.Chosen(record, 0, ""), "full", null))));
        Assert.Equal("ok problem", States(RecordCheck.Judge(Facts(new BootRecordChoice.Chosen(record, 0, ""), slot: "rotten"))));
    }

    [Theory]
    [InlineData("2min", 120.0)]
    [InlineData("1min 30s", 90.0)]
    [InlineData("500ms", 0.5)]
    [InlineData("1d 2h", 93600.0)]
    [InlineData("soon", null)]
    [InlineData("", null)]
    [InlineData("3 parsecs", null)]
    public void TimesOfSystemd(string text, double? seconds) => Assert.Equal(seconds, Machine.Span(text)?.TotalSeconds);

    private static string States(IEnumerable<Finding> findings) => string.Join(
        ' ', findings.Select(finding => finding.State == FindingState.NotSeen ? "not seen" : finding.State.ToString().ToLowerInvariant()));

    private static bool Has(string facts, string word) => facts.Split(' ').Contains(word);
}
