using System.Globalization;
using Meerkat.Device.Downloads;
using Meerkat.Device.Updates;

namespace Meerkat.Device.Tests.Downloads;

public sealed class BundleDownloadTests : IDisposable
{
    private static readonly byte[] Bundle = [.. Enumerable.Range(0, 5000).Select(i => (byte)(i * 7 % 251))];

    private readonly MemoryStream taken = new();
    private long? announced;

    public void Dispose() => taken.Dispose();

    [Fact]
    public async Task WholeBody_IsHandedOnWithItsLength()
    {
        await using var server = new ScriptedServer(_ => ScriptedServer.Answer("200 OK\nContent-Length: 5000", Bundle));

        Assert.IsType<DownloadEnd.Whole>(await FetchAsync(server.Address));
        Assert.Equal(Bundle, taken.ToArray());
        Assert.Equal(5000, announced);
        Assert.Contains("X-MGOS-Device-ID: dev1\r\n", server.Requests[0]);
        Assert.Contains("X-MGOS-FW-Version: linux-x64 1.0 b1\r\n", server.Requests[0]);
        Assert.Contains("User-Agent: demo/1.0 (Meerkat/1.0; linux-x64)\r\n", server.Requests[0]);
        Assert.Contains("X-Key: 5\r\n", server.Requests[0]);
    }

    [Fact]
    public async Task ChunkedBody_IsTakenWithoutALength()
    {
        byte[] chunks = [.. "1388\r\n"u8, .. Bundle, .. "\r\n0\r\n\r\n"u8];
        await using var server = new ScriptedServer(_ => ScriptedServer.Answer("200 OK\nTransfer-Encoding: chunked", chunks));

        Assert.IsType<DownloadEnd.Whole>(await FetchAsync(server.Address));
        Assert.Equal(Bundle, taken.ToArray());
        Assert.Null(announced);
    }

    [Theory]
    [InlineData("ETag: \"v1\"", "If-Range: \"v1\"")]
    [InlineData("Last-Modified: Tue, 11 Apr 2023 10:15:00 GMT", "If-Range: Tue, 11 Apr 2023 10:15:00 GMT")]
    public async Task BrokenConnection_GoesOnWhereItBroke(string mark, string condition)
    {
        await using var server = new ScriptedServer(head => Resumable(head, mark, 2000));

        Assert.IsType<DownloadEnd.Whole>(await FetchAsync(server.Address));
        Assert.Equal(Bundle, taken.ToArray());
        Assert.Equal(3, server.Requests.Count);
        Assert.Contains("Range: bytes=2000-\r\n", server.Requests[1]);
        Assert.Contains(condition, server.Requests[1]);
        Assert.Contains("Range: bytes=4000-\r\n", server.Requests[2]);
    }

    [Fact]
    public async Task BrokenConnectionWithoutAnyMark_FailsAndSaysWhy()
    {
        await using var server = new ScriptedServer(head => Resumable(head, "X: y", 2000));

        Assert.Contains("neither ETag nor Last-Modified", await FailureAsync(server.Address, -1));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task WeakTag_IsNoMark()
    {
        await using var server = new ScriptedServer(head => Resumable(head, "ETag: W/\"v1\"", 2000));

        Assert.Contains("neither ETag nor Last-Modified", await FailureAsync(server.Address, -1));
    }

    public static TheoryData<string> SecondAnswers => new()
    {
        "200 OK\nContent-Length: 5000",
        "206 Partial Content\nContent-Length: 3000\nContent-Range: bytes 1999-4998/5000",
        "206 Partial Content\nContent-Length: 3000\nContent-Range: bytes 2000-4999/5001",
        "206 Partial Content\nContent-Length: 3000\nETag: \"v2\"\nContent-Range: bytes 2000-4999/5000",
        "206 Partial Content\nContent-Length: 3000",
        "416 Range Not Satisfiable\nContent-Length: 0",
        "304 Not Modified",
    };

    [Theory]
    [MemberData(nameof(SecondAnswers))]
    public async Task AnswerThatDoesNotGoOn_FailsWithNothingMoreTaken(string second)
    {
        await using var server = new ScriptedServer(head => head.Contains("Range:")
            ? ScriptedServer.Answer(second, Bundle[2000..])
            : ScriptedServer.Answer("200 OK\nETag: \"v1\"\nContent-Length: 5000", Bundle[..2000]));

        Assert.StartsWith("Update failed", await FailureAsync(server.Address, -1));
        Assert.Equal(Bundle[..2000], taken.ToArray());
    }

    [Fact]
    public async Task ServerThatNeverGoesOn_IsGivenUp()
    {
        await using var server = new ScriptedServer(head => head.Contains("Range:")
            ? []
            : ScriptedServer.Answer("200 OK\nETag: \"v1\"\nContent-Length: 5000", Bundle[..2000]));

        Assert.Contains("given up after 5 tries", await FailureAsync(server.Address, -1));
        Assert.Equal(Bundle[..2000], taken.ToArray());
    }

    [Fact]
    public async Task NotModified_IsASuccessWithoutABody()
    {
        await using var server = new ScriptedServer(_ => ScriptedServer.Answer("304 Not Modified"));

        Assert.Equal("Not Modified", await FailureAsync(server.Address, 1));
    }

    [Theory]
    [InlineData(404)]
    [InlineData(500)]
    [InlineData(206)]
    public async Task OtherStatus_IsTheNegativeCode(int status)
    {
        await using var server = new ScriptedServer(_ => ScriptedServer.Answer($"{status} X\nContent-Length: 0"));

        Assert.StartsWith("Invalid HTTP response code", await FailureAsync(server.Address, -status));
    }

    [Fact]
    public async Task NobodyListens_IsMinusTen()
    {
        Uri gone;
        await using (var server = new ScriptedServer(_ => []))
        {
            gone = server.Address;
        }

        Assert.StartsWith("Failed to connect", await FailureAsync(gone, -10));
    }

    [Fact]
    public async Task EncodedBody_IsRefused()
    {
        await using var server = new ScriptedServer(_ => ScriptedServer.Answer("200 OK\nContent-Encoding: gzip\nContent-Length: 5000", Bundle));

        Assert.Contains("gzip", await FailureAsync(server.Address, -1));
    }

    [Theory]
    [InlineData(5, true)]
    [InlineData(6, false)]
    public async Task Redirects_AreFollowedFiveTimes(int redirects, bool arrives)
    {
        await using var server = new ScriptedServer(head =>
        {
            var at = head.StartsWith("GET /fw.zip", StringComparison.Ordinal) ? 0 : int.Parse(head.Split(' ')[1][1..]);
            return at < redirects
                ? ScriptedServer.Answer($"302 Found\nLocation: /{at + 1}\nContent-Length: 0")
                : ScriptedServer.Answer("200 OK\nContent-Length: 5000", Bundle);
        });

        if (arrives)
        {
            Assert.IsType<DownloadEnd.Whole>(await FetchAsync(server.Address));
        }
        else
        {
            Assert.Contains("one redirect too many", await FailureAsync(server.Address, -302));
        }
    }

    [Fact]
    public async Task TakerThatHasEnough_EndsTheDownload()
    {
        await using var server = new ScriptedServer(_ => ScriptedServer.Answer("200 OK\nContent-Length: 5000", Bundle));
        var enough = new UpdateResult(1, "Version is the same as current", false);

        var end = await Download().RunAsync(server.Address, new DownloadTaker(_ => null, _ => enough), TestContext.Current.CancellationToken);

        Assert.Equal(new DownloadEnd.Ended(enough), end);
    }

    [Fact]
    public async Task RefusalBeforeTheFirstByte_EndsTheDownload()
    {
        await using var server = new ScriptedServer(_ => ScriptedServer.Answer("200 OK\nContent-Length: 5000", Bundle));
        var refused = UpdateResult.Failed("another update is in progress");

        var end = await Download().RunAsync(
            server.Address, new DownloadTaker(_ => refused, _ => throw new InvalidOperationException()), TestContext.Current.CancellationToken);

        Assert.Equal(new DownloadEnd.Ended(refused), end);
    }

    [Fact]
    public async Task StandingStill_EndsWithTheTime()
    {
        using var hold = new ManualResetEventSlim();
        await using var server = new ScriptedServer(_ =>
        {
            hold.Wait();
            return [];
        });
        var download = new BundleDownload(Settings, TimeSpan.FromMilliseconds(200), TimeProvider.System, _ => { });

        var end = await download.RunAsync(server.Address, Taker(), TestContext.Current.CancellationToken);
        hold.Set();

        Assert.Contains("timed out", Assert.IsType<DownloadEnd.Ended>(end).Result.Message);
    }

    private static DownloadSettings Settings { get; } =
        new("dev1", "linux-x64 1.0 b1", "demo/1.0 (Meerkat/1.0; linux-x64)", "X-Key: 5\r\n", "", "", "");

    private static BundleDownload Download() => new(Settings, TimeSpan.FromMinutes(1), new HastyTime(), _ => { });

    private DownloadTaker Taker() => new(
        total =>
        {
            announced = total;
            return null;
        },
        bytes =>
        {
            taken.Write(bytes.Span);
            return null;
        });

    private Task<DownloadEnd> FetchAsync(Uri address) => Download().RunAsync(address, Taker(), TestContext.Current.CancellationToken);

    private async Task<string> FailureAsync(Uri address, int code)
    {
        var result = Assert.IsType<DownloadEnd.Ended>(await FetchAsync(address)).Result;
        Assert.Equal(code, result.Code);
        Assert.False(result.NeedsRestart);
        return result.Message;
    }

    /// <summary>Gives at most <paramref name="most"/> bytes a connection and goes on when asked to.</summary>
    private static byte[] Resumable(string head, string mark, int most)
    {
        var range = head.Split("\r\n").FirstOrDefault(line => line.StartsWith("Range: bytes=", StringComparison.Ordinal));
        var start = range is null ? 0 : int.Parse(range["Range: bytes=".Length..^1], CultureInfo.InvariantCulture);
        var status = range is null ? "200 OK" : $"206 Partial Content\nContent-Range: bytes {start}-4999/5000";
        return ScriptedServer.Answer(
            $"{status}\n{mark}\nContent-Length: {5000 - start}", Bundle[start..Math.Min(5000, start + most)]);
    }
}
