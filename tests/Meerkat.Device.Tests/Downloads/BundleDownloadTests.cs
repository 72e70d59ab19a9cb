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
        Assert.Contains("X-MGOS-Device-ID: dev1 0A1B2C3D4E5F\r\n", server.Requests[0]);
        Assert.Contains("X-MGOS-FW-Version: linux-x64 1.0 b1\r\n", server.Requests[0]);
        Assert.Contains("User-Agent: demo/1.0 (Meerkat/1.0; linux-x64)\r\n", server.Requests[0]);
        Assert.Contains("X-Key: 5\r\n", server.Requests[0]);
        Assert.Contains("Accept-Encoding: identity\r\n", server.Requests[0]);
        Assert.DoesNotContain("If-None-Match", server.Requests[0]);
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

    [Theory]
    [InlineData("file:///etc/passwd", "a redirect to file")]
    [InlineData("ftp://127.0.0.1/fw.zip", "a redirect to ftp")]
    [InlineData("http://[", "what is no address")]
    [InlineData("", "without Location")]
    public async Task RedirectToWhatIsNoWebServer_IsNotFollowed(string location, string words)
    {
        await using var server = new ScriptedServer(_ => ScriptedServer.Answer($"302 Found\nLocation: {location}\nContent-Length: 0"));

        Assert.Contains(words, await FailureAsync(server.Address, -302));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task RedirectInALoop_Ends()
    {
        await using var server = new ScriptedServer(_ => ScriptedServer.Answer("301 Moved\nLocation: fw.zip\nContent-Length: 0"));

        Assert.Contains("one redirect too many", await FailureAsync(server.Address, -301));
        Assert.Equal(6, server.Requests.Count);
    }

    [Theory]
    [InlineData(300)]
    [InlineData(305)]
    public async Task OtherRedirects_AreErrors(int status)
    {
        await using var server = new ScriptedServer(_ => ScriptedServer.Answer($"{status} X\nLocation: /other\nContent-Length: 0"));

        await FailureAsync(server.Address, -status);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task AddressWithTwoSlashes_IsAnotherServerOverTheSameProtocol()
    {
        await using var other = new ScriptedServer(_ => ScriptedServer.Answer("200 OK\nContent-Length: 5000", Bundle));
        await using var server = new ScriptedServer(
            _ => ScriptedServer.Answer($"307 There\nLocation: //127.0.0.1:{other.Address.Port}/x\nContent-Length: 0"));

        Assert.IsType<DownloadEnd.Whole>(await FetchAsync(server.Address));
    }

    [Fact]
    public async Task Secrets_StayWithTheServerThatWasNamed()
    {
        await using var other = new ScriptedServer(_ => ScriptedServer.Answer("200 OK\nContent-Length: 5000", Bundle));
        await using var server = new ScriptedServer(head => head.StartsWith("GET /fw.zip", StringComparison.Ordinal)
            ? ScriptedServer.Answer("302 Found\nLocation: /second\nContent-Length: 0")
            : ScriptedServer.Answer($"302 Found\nLocation: {other.Address}\nContent-Length: 0"));

        var named = new UriBuilder(server.Address) { UserName = "me", Password = "w%20rd" }.Uri;
        Assert.IsType<DownloadEnd.Whole>(await FetchAsync(named));
        Assert.All(server.Requests, head => Assert.Contains("X-Key: 5\r\n", head));
        Assert.All(server.Requests, head => Assert.Contains("Authorization: Basic bWU6dyByZA==\r\n", head));
        Assert.Contains("X-MGOS-Device-ID: dev1 ", other.Requests[0]);
        Assert.DoesNotContain("X-Key", other.Requests[0]);
        Assert.DoesNotContain("Authorization", other.Requests[0]);
    }

    [Theory]
    [InlineData("ETag: \"v1\"")]
    [InlineData("Last-Modified: Tue, 11 Apr 2023 10:15:00 GMT")]
    public async Task ServerWithoutRanges_SendsItAgain_AndWhatIsThereAlreadyIsSkipped(string mark)
    {
        var most = 1000;
        await using var server = new ScriptedServer(
            _ => ScriptedServer.Answer($"200 OK\n{mark}\nContent-Length: 5000", Bundle[..Math.Min(5000, most += 1000)]));

        Assert.IsType<DownloadEnd.Whole>(await FetchAsync(server.Address));
        Assert.Equal(Bundle, taken.ToArray());
        Assert.Equal(4, server.Requests.Count);
    }

    [Fact]
    public async Task FileOfTheVerySecond_IsNotKnownByItsDate()
    {
        const string now = "Tue, 11 Apr 2023 10:15:00 GMT";
        await using var server = new ScriptedServer(head => Resumable(head, $"Date: {now}\nLast-Modified: {now}", 2000));

        Assert.Contains("neither ETag nor Last-Modified", await FailureAsync(server.Address, -1));
    }

    [Fact]
    public async Task PassingTroubleOnTheWay_IsWaitedOut()
    {
        var requests = 0;
        await using var server = new ScriptedServer(head => ++requests == 2
            ? ScriptedServer.Answer("503 Busy\nRetry-After: 3\nContent-Length: 0")
            : Resumable(head, "ETag: \"v1\"", 3000));

        Assert.IsType<DownloadEnd.Whole>(await FetchAsync(server.Address));
        Assert.Equal(Bundle, taken.ToArray());
        Assert.Equal(3, requests);
    }

    [Theory]
    [InlineData("503 Busy\nRetry-After: 120", 120)]
    [InlineData("429 Slow\nRetry-After: 999999", 86400)]
    [InlineData("503 Busy\nDate: Tue, 11 Apr 2023 10:15:00 GMT\nRetry-After: Tue, 11 Apr 2023 10:16:00 GMT", 60)]
    [InlineData("503 Busy\nRetry-After: soon", null)]
    [InlineData("500 Oops\nRetry-After: 120", null)]
    public async Task ServerThatAsksToBeLeftAlone_IsHeard(string answer, int? seconds)
    {
        await using var server = new ScriptedServer(_ => ScriptedServer.Answer(answer + "\nContent-Length: 0"));

        var end = Assert.IsType<DownloadEnd.Ended>(await FetchAsync(server.Address));
        Assert.Equal(seconds, (int?)end.Rest?.TotalSeconds);
        Assert.True(end.IsOfThisServer);
    }

    [Fact]
    public async Task KnownBundle_IsAskedForByItsTag_AndOnlyWhereItCameFrom()
    {
        await using var server = new ScriptedServer(head => head.Contains("If-None-Match: W/\"v1\"\r\n", StringComparison.Ordinal)
            ? ScriptedServer.Answer("304 Not Modified")
            : ScriptedServer.Answer("200 OK\nETag: W/\"v1\"\nContent-Length: 5000", Bundle));

        var first = Download();
        Assert.IsType<DownloadEnd.Whole>(await first.RunAsync(server.Address, Taker(), TestContext.Current.CancellationToken));
        var second = Download(first.Found);
        var end = Assert.IsType<DownloadEnd.Ended>(await second.RunAsync(server.Address, Taker(), TestContext.Current.CancellationToken));
        Assert.Equal(new UpdateResult(1, "Not Modified", false), end.Result);

        var elsewhere = Download(first.Found);
        await elsewhere.RunAsync(new Uri(server.Address, "/other"), Taker(), TestContext.Current.CancellationToken);
        Assert.DoesNotContain("If-None-Match", server.Requests[2]);
    }

    public static TheoryData<string, string> HostileAnswers => new()
    {
        { "200 OK\n" + string.Concat(Enumerable.Repeat("X-More: " + new string('x', 1000) + "\n", 200)) + "Content-Length: 5000", "Update failed" },
        { "HTTP/9 nonsense", "Update failed" },
        { "200 OK\nContent-Length: 6000", "neither ETag nor Last-Modified" },
        { "200 OK\nTransfer-Encoding: chunked\n\nZZZ", "Update failed" },
    };

    [Theory]
    [MemberData(nameof(HostileAnswers))]
    public async Task HostileAnswer_IsAFailureInWords(string head, string words)
    {
        await using var server = new ScriptedServer(_ => ScriptedServer.Answer(head, Bundle));

        Assert.Contains(words, await FailureAsync(server.Address, -1));
    }

    [Fact]
    public async Task MissingFileForTls_StopsTlsAndNothingElse()
    {
        var settings = Settings with { TlsProblem = "update.ssl_ca_file names x.pem, which is missing" };
        await using var server = new ScriptedServer(_ => ScriptedServer.Answer("200 OK\nContent-Length: 5000", Bundle));

        Assert.IsType<DownloadEnd.Whole>(
            await new BundleDownload(settings, TimeSpan.FromMinutes(1), new HastyTime(), _ => { })
                .RunAsync(server.Address, Taker(), TestContext.Current.CancellationToken));
        var secure = new UriBuilder(server.Address) { Scheme = "https" }.Uri;
        var end = await new BundleDownload(settings, TimeSpan.FromMinutes(1), new HastyTime(), _ => { })
            .RunAsync(secure, Taker(), TestContext.Current.CancellationToken);
        Assert.Contains("x.pem", Assert.IsType<DownloadEnd.Ended>(end).Result.Message);
        Assert.Single(server.Requests);
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
        new("dev1 0A1B2C3D4E5F", "linux-x64 1.0 b1", "demo/1.0 (Meerkat/1.0; linux-x64)", "X-Key: 5\r\n", "", "", "");

    private static BundleDownload Download(KnownBundle? unneeded = null) =>
        new(Settings, TimeSpan.FromMinutes(1), new HastyTime(), _ => { }) { Unneeded = unneeded };

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
