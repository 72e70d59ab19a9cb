using System.Text.Json;
using Meerkat.Boot.Link;
using Meerkat.Core.Boot;
using Meerkat.Core.Updates;
using Meerkat.Core.Values;

namespace Meerkat.Boot.Tests;

public sealed class LinkTests
{
    private static readonly string Zeros = new('0', 64);
    private static readonly string Mark = new('7', 2 * BundleMark.Length);

    public static TheoryData<string, string> Requests => new()
    {
        { """{"operation":"invalidate","sequence":7,"slot":1}""", "Invalidate { Sequence = 7, Slot = 1, RunningIntact = True }" },
        { """{"operation":"commit"}""", "Commit { Sequence =  }" },
        { """{"operation":"revert","sequence":18446744073709551615}""", "Revert { Sequence = 18446744073709551615 }" },
        { """{"operation":"restart"}""", "Restart { Sequence = , Force = False }" },
        { """{"operation":"restart","force":true}""", "Restart { Sequence = , Force = True }" },
        {
            """{"operation":"arm","sequence":3,"slot":0,"commit_timeout":9,"version":"2","build_id":"b","image_sha256":"Z","image_bytes":5,"bundle":"M"}""",
            "Arm { Sequence = 3, Slot = 0, Installed = SlotRecord { State = Written, Version = 2, Image = Z, ImageBytes = 5, "
            + "CommitCount = 0, Bundle = M, MayStart = True }, CommitTimeoutSeconds = 9 }"
        },
        {
            """{"operation":"hold","slot":0,"version":"2","build_id":"b","image_sha256":"Z","image_bytes":5,"activates_itself":true}""",
            "Hold { Sequence = , Slot = 0, Installed = SlotRecord { State = Written, Version = 2, Image = Z, ImageBytes = 5, "
            + "CommitCount = 0, Bundle = 00000000000000000000000000, MayStart = True }, CommitTimeoutSeconds = 0, ActivatesItself = True }"
        },
        { """{"operation":"activate","commit_timeout":7}""", "Activate { Sequence = , CommitTimeoutSeconds = 7 }" },
        {
            """{"operation":"keep_snapshot","sequence":4,"slot":1,"trial":true,"commit_timeout":7}""",
            "KeepSnapshot { Sequence = 4, Slot = 1, Trial = True, CommitTimeoutSeconds = 7 }"
        },
        {
            """{"operation":"set_state","slot":1,"fallback":-1,"committed":false}""",
            "SetState { Sequence = , Change = BootStateChange { Active = 1, Committed = False, SetsFallback = True, Fallback = , "
            + "CommitTimeoutSeconds = , IsEmpty = False, IsTimeoutAlone = False }, Unbootable =  }"
        },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public void Line_BecomesARequest(string line, string expected)
    {
        var (request, problem) = LinkServer.Read(Parse(Filled(line)), runningIntact: true, unbootable: "");
        Assert.Equal(("", Filled(expected)), (problem, request?.ToString()));
    }

    [Theory]
    [InlineData("""{"operation":"explode"}""")]
    [InlineData("""{"operation":"invalidate"}""")]
    [InlineData("""{"operation":"invalidate","slot":2}""")]
    [InlineData("""{"operation":"invalidate","slot":-1}""")]
    [InlineData("""{"operation":"arm","slot":0}""")]
    [InlineData("""{"operation":"hold","slot":0}""")]
    [InlineData("""{"operation":"keep_snapshot"}""")]
    [InlineData("""{"operation":"set_state","slot":2}""")]
    [InlineData("""{"operation":"set_state","fallback":-2}""")]
    [InlineData("""{"operation":"arm","slot":0,"version":"2","build_id":"b","image_sha256":"00","image_bytes":5}""")]
    [InlineData("""{"operation":"arm","slot":0,"version":"2","build_id":"b","image_sha256":"Z","image_bytes":-5}""")]
    [InlineData("""{"operation":"arm","slot":0,"version":"2","image_sha256":"Z","image_bytes":5}""")]
    public void IncompleteLine_IsRefused(string line)
    {
        var request = Parse(line.Replace("Z", Zeros, StringComparison.Ordinal));
        Assert.Equal(
            ((BootRequest?)null, $"the boot loader does not know '{request.Operation}', or a member of it is missing"),
            LinkServer.Read(request, runningIntact: true, unbootable: ""));
    }

    private static string Filled(string text) =>
        text.Replace("Z", Zeros, StringComparison.Ordinal).Replace("\"M\"", $"\"{Mark}\"", StringComparison.Ordinal)
            .Replace("= M,", $"= {Mark},", StringComparison.Ordinal);

    [Fact]
    public void Reply_IsReadAsItWasWritten()
    {
        var status = new BootStatus(
            7, "trial", 1, 1, 0, false, false, null, false, false, true, 300, 12.5, true, false, 4711,
            [new SlotStatus(0, "committed", "1.0", "a"), new SlotStatus(1, "trial", "1.1", "b")],
            new ReasonStatus("no_commit", "no commit within 5 s", 0, "0.9", TestDevice.Wall), "full", true, true, "0.1.0",
            [new FailedBundle(Mark, 2, "firmware exited")]);
        var reply = new LinkReply(BootRefusal.TrialRunning, "no", 7, status);
        var text = JsonSerializer.Serialize(reply, LinkJson.Default.LinkReply);
        Assert.StartsWith("""{"refusal":"TrialRunning","text":"no","sequence":7,"status":{"sequence":7,"mode":"trial",""", text, StringComparison.Ordinal);
        var read = JsonSerializer.Deserialize(text, LinkJson.Default.LinkReply)!;
        Assert.Equal(status.Slots, read.Status!.Slots);
        Assert.Equal(reply with { Status = null }, read with { Status = null });
        Assert.Equal(status.FailedBundles, read.Status.FailedBundles);
        Assert.Equal(status with { Slots = [], FailedBundles = [] }, read.Status with { Slots = [], FailedBundles = [] });
    }

    [Fact]
    public void Server_AnswersLineByLineAndTellsWhenTheCallerIsGone()
    {
        using var device = new TestDevice();
        using var gone = new ManualResetEventSlim();
        using var server = new LinkServer(
            device.Folder["run/boot.sock"], (_, line) => new LinkReply(BootRefusal.Stopping, line.Operation, 5), _ => gone.Set());
        server.Start();
        using (var link = BootLink.Connect(device.Folder.Path))
        {
            Assert.Equal(new LinkReply(BootRefusal.Stopping, "commit", 5), link.Commit());
            Assert.Equal("arm", link.Arm(1, SlotId.One, SlotRecord.Empty, 3).Text);
            Assert.Equal("restart", link.Restart(true).Text);
            Assert.Contains("without a status", Assert.Throws<IOException>(() => link.Status()).Message, StringComparison.Ordinal);
        }
        Assert.True(gone.Wait(TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [InlineData("nonsense", "the request is not JSON")]
    [InlineData("{}", "expected an object with \"operation\"")]
    [InlineData("null", "expected an object with \"operation\"")]
    [InlineData("[]", "the request is not JSON")]
    public void LineThatIsNoRequest_IsRefusedAndTheConnectionGoesOn(string line, string expected)
    {
        using var device = new TestDevice();
        using var server = new LinkServer(
            device.Folder["run/boot.sock"], (_, asked) => new LinkReply(BootRefusal.None, asked.Operation, 5), _ => { });
        server.Start();
        using var socket = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        socket.Connect(new System.Net.Sockets.UnixDomainSocketEndPoint(device.Folder["run/boot.sock"]));
        using var stream = new System.Net.Sockets.NetworkStream(socket);
        using var reader = new StreamReader(stream);
        stream.Write(System.Text.Encoding.UTF8.GetBytes(line + "\n{\"operation\":\"revert\"}\n"));
        var refused = JsonSerializer.Deserialize(reader.ReadLine()!, LinkJson.Default.LinkReply)!;
        Assert.Equal(BootRefusal.BadRequest, refused.Refusal);
        Assert.StartsWith(expected, refused.Text, StringComparison.Ordinal);
        Assert.Equal("revert", JsonSerializer.Deserialize(reader.ReadLine()!, LinkJson.Default.LinkReply)!.Text);
    }

    private static LinkRequest Parse(string line) => JsonSerializer.Deserialize(line, LinkJson.Default.LinkRequest)!;
}
