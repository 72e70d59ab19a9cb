using System.Net.Sockets;
using System.Text;
using Meerkat.Core.Values;
using Meerkat.Storage;
using Meerkat.Storage.Tests;
using Microsoft.Extensions.Time.Testing;

namespace Meerkat.Boot.Tests;

public sealed class NotifySenderTests : IDisposable
{
    private const string TwelveSeconds = "12000000";
    private const string Extend = "EXTEND_TIMEOUT_USEC=90000000\n";

    private readonly TempFolder folder = new();
    private readonly FakeTimeProvider clock = new();
    private readonly Socket supervisor = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public void Dispose()
    {
        supervisor.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Ready_IsSaidOnceOnEitherKindOfSocket(bool isAbstract)
    {
        using var sender = Sender(isAbstract: isAbstract);
        sender.Ready("slot 0: 1.0.0");
        sender.Ready("slot 1: 1.1.0");
        sender.Stopping();
        Assert.Equal(["READY=1\nSTATUS=slot 0: 1.0.0\n", "STATUS=slot 1: 1.1.0\n", "STOPPING=1\n"], Said());
    }

    [Fact]
    public void WatchedBootLoader_PingsThriceInTheLongestSilence_AndNeverByItself()
    {
        using var sender = Sender(TwelveSeconds);
        sender.Ready("");
        sender.Ping();
        Said();
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Empty(Said());
        sender.Ping();
        sender.Ping();
        clock.Advance(TimeSpan.FromSeconds(3.9));
        sender.Ping();
        Assert.Equal(["WATCHDOG=1\n"], Said());
        Assert.Equal(TimeSpan.FromMilliseconds(100), sender.AtMost(Timeout.InfiniteTimeSpan));
        Assert.Equal(TimeSpan.FromMilliseconds(50), sender.AtMost(TimeSpan.FromMilliseconds(50)));
        clock.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(TimeSpan.Zero, sender.AtMost(TimeSpan.FromHours(1)));
        sender.Ping();
        Assert.Equal(["WATCHDOG=1\n"], Said());
    }

    [Fact]
    public void UntilItIsReadyAndWhenItStops_ItAsksForMoreTime()
    {
        using var sender = Sender(TwelveSeconds);
        sender.Ping();
        clock.Advance(TimeSpan.FromSeconds(4));
        sender.Ping();
        sender.Ready("");
        clock.Advance(TimeSpan.FromSeconds(4));
        sender.Ping();
        sender.Stopping();
        sender.Ping();
        Assert.Equal(
            [Extend + "WATCHDOG=1\n", Extend + "WATCHDOG=1\n", "READY=1\nSTATUS=\n", "WATCHDOG=1\n", "STOPPING=1\n", Extend + "WATCHDOG=1\n"],
            Said());
    }

    [Fact]
    public void ReadyAndNotWatched_IsQuiet()
    {
        using var sender = Sender();
        sender.Ping();
        sender.Ready("");
        Said();
        Assert.Equal(Timeout.InfiniteTimeSpan, sender.AtMost(Timeout.InfiniteTimeSpan));
        clock.Advance(TimeSpan.FromDays(1));
        sender.Ping();
        Assert.Empty(Said());
    }

    [Theory]
    [InlineData("0", "")]
    [InlineData("-1", "")]
    [InlineData("soon", "")]
    [InlineData("9223372036854775807", "")]
    [InlineData(TwelveSeconds, "1")]
    public void WatchdogThatIsNoneOrSomebodyElses_IsNotPinged(string microseconds, string process)
    {
        using var sender = Sender(microseconds, process);
        sender.Ready("");
        Said();
        sender.Ping();
        Assert.Empty(Said());
    }

    [Theory]
    [InlineData("")]
    [InlineData("vsock:2:1234")]
    [InlineData("relative")]
    public void NobodyToTell_IsNoFault(string path)
    {
        using var sender = new NotifySender(clock, path, TwelveSeconds, "");
        sender.Ready("");
        sender.Ping();
        Assert.Equal(TimeSpan.FromHours(1), sender.AtMost(TimeSpan.FromHours(1)));
    }

    [Fact]
    public void SupervisorThatIsGone_IsNoFault()
    {
        using var sender = new NotifySender(clock, Path.Combine(folder.Path, "nobody"), TwelveSeconds, "");
        sender.Ready("");
        sender.Ping();
    }

    [Fact]
    public void DigestOfALargeImageAndAMerge_GoOnPinging()
    {
        using var device = new TestDevice();
        device.Arm();
        device.Shell("cd slots/0/fs; for n in $(seq 300); do echo $n >file$n; done; head -c 3000000 /dev/zero >large");
        var turns = 0;
        var steady = new SteadyVolume(device.Volume, () => turns++);
        var merger = new FileMerger(steady);
        merger.Merge(SlotId.Zero, SlotId.One, merger.Plan(SlotId.Zero, SlotId.One));
        Assert.Equal("300", device.ReadFile("slots/1/fs/file300").Trim());
        // A file at a time at the least, and a large one in pieces.
        Assert.InRange(turns, 4 * 300, int.MaxValue);

        device.Shell("head -c 3000000 /dev/zero >slots/1/image");
        turns = 0;
        new SlotStore(steady).CheckImage(SlotId.One, default, 3_000_000);
        Assert.InRange(turns, 3_000_000 / (128 * 1024), int.MaxValue);
    }

    private NotifySender Sender(string microseconds = "", string process = "", bool isAbstract = false)
    {
        var path = isAbstract ? $"@meerkat-test/{folder.Path}" : Path.Combine(folder.Path, "notify");
        supervisor.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + path[1..] : path));
        supervisor.Blocking = false;
        return new NotifySender(clock, path, microseconds, process);
    }

    /// <summary>What has been said since the last look. Datagrams between processes' own sockets have arrived when they are sent.</summary>
    private List<string> Said()
    {
        var said = new List<string>();
        var buffer = new byte[4096];
        while (supervisor.Poll(0, SelectMode.SelectRead))
        {
            said.Add(Encoding.UTF8.GetString(buffer, 0, supervisor.Receive(buffer)));
        }
        return said;
    }
}
