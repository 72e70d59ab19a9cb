using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Boot;
using Meerkat.Boot.Posix;
using Meerkat.Core.Access;
using Meerkat.Core.Protocol;
using Meerkat.Core.Values;
using Meerkat.Device.Access;
using Meerkat.Device.Configuration;
using Meerkat.Rpc;
using Meerkat.Storage;
using Microsoft.Extensions.Time.Testing;

namespace Meerkat.Device.Tests.Access;

/// <summary>The rights to call, with real files in a slot.</summary>
public sealed class RpcAccessTests : IDisposable
{
    private const string List = """[{"method":"RPC.*","acl":"*"},{"method":"*","acl":"admin"}]""";

    private readonly string root = Directory.CreateTempSubdirectory("mkacl").FullName;
    private readonly DeviceRoot device;
    private readonly FakeTimeProvider time = new();
    private readonly List<string> log = [];

    public RpcAccessTests()
    {
        File.WriteAllText(Path.Combine(root, "board.json"), """{"format":1,"platform":"linux-x64"}""");
        device = DeviceRoot.Open(root);
        DeviceRoot.MakeDirectories(device.Volume);
        new SlotStore(device.Volume).Begin(SlotId.Zero, UserId.Current.User, UserId.Current.Group);
        Write("pw.txt", $"""
            admin:RPC:{DigestScheme.UserHash(DigestAlgorithm.Sha256, "admin", "RPC", "secret")}
            admin:RPC:{DigestScheme.UserHash(DigestAlgorithm.Md5, "admin", "RPC", "secret")}
            bob:RPC:{DigestScheme.UserHash(DigestAlgorithm.Sha256, "bob", "RPC", "hunter2")}
            """);
        Write("acl.json", List);
    }

    public void Dispose()
    {
        device.Dispose();
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void NothingSet_EverythingMayBeCalled() => Assert.Null(Ask(Open("{}"), "OTA.Update"));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void ChallengeAnswered_LetsInOnce(int algorithm)
    {
        var access = Open($$"""{"acl":"@acl.json","auth_file":"/pw.txt","auth_algo":{{algorithm}}}""");
        Assert.Null(Ask(access, "RPC.List"));
        var challenge = Challenged(Ask(access, "OTA.Commit"));
        var auth = new DigestAnswer("admin", "secret").Frame(challenge, 12345678);

        Assert.Null(Ask(access, "OTA.Commit", auth));
        Challenged(Ask(access, "OTA.Commit", auth));
    }

    [Fact]
    public void ProofCoversNeitherMethodNorArguments()
    {
        // The protocol has it so: what counts once may still be taken for another call by who changes it on the way. docs/access.md says so.
        var access = Open("""{"acl":"@acl.json","auth_file":"pw.txt"}""");
        var auth = new DigestAnswer("admin", "secret").Frame(Challenged(Ask(access, "OTA.Status")), 1);
        Assert.Null(Ask(access, "OTA.Update", auth));
    }

    [Fact]
    public void WrongPassword_IsAskedAgainAndAnotherUserIsRefused()
    {
        var access = Open("""{"acl":"@acl.json","auth_file":"pw.txt"}""");

        Challenged(Ask(access, "OTA.Commit", new DigestAnswer("admin", "wrong").Frame(Challenged(Ask(access, "OTA.Commit")), 1)));
        Challenged(Ask(access, "OTA.Commit", new DigestAnswer("eve", "secret").Frame(Challenged(Ask(access, "OTA.Commit")), 1)));
        Assert.Equal(
            (403, "unauthorized"),
            Told(Ask(access, "OTA.Commit", new DigestAnswer("bob", "hunter2").Frame(Challenged(Ask(access, "OTA.Commit")), 1))));
    }

    /// <summary>The device's clock says 2000 in this test; none of these was ever handed out.</summary>
    [Theory]
    [InlineData("4102444800")]
    [InlineData("946684800")]
    [InlineData("1")]
    [InlineData("0")]
    [InlineData("99999999999999999999")]
    [InlineData("-5")]
    [InlineData("1.5")]
    [InlineData("abc")]
    public void NonceOfNobody_IsAskedAgain(string nonce)
    {
        var access = Open("""{"acl":"@acl.json","auth_file":"pw.txt"}""");
        Challenged(Ask(access, "OTA.Commit", new DigestAnswer("admin", "secret").Frame(new DigestChallenge("RPC", nonce, DigestAlgorithm.Sha256), 1)));
    }

    [Fact]
    public void NonceOfAnHourAgo_IsAskedAgain()
    {
        var access = Open("""{"acl":"@acl.json","auth_file":"pw.txt"}""");
        var challenge = Challenged(Ask(access, "OTA.Commit"));
        time.Advance(NonceTable.Lifetime + TimeSpan.FromSeconds(1));
        Challenged(Ask(access, "OTA.Commit", new DigestAnswer("admin", "secret").Frame(challenge, 1)));
    }

    [Theory]
    [InlineData("""{}""", 400, "bad request: auth has no usable \"username\"")]
    [InlineData("""{"username":"admin","realm":"other","nonce":1,"cnonce":2,"response":"x"}""", 400, "bad request: the realm is \"RPC\"")]
    [InlineData("""{"username":"admin","realm":"RPC","nonce":1,"cnonce":2,"response":"x","algorithm":"MD5"}""", 400, "bad request: the algorithm is SHA-256")]
    [InlineData("""{"username":"admin","realm":"RPC","nonce":1,"cnonce":2,"response":"x"}""", 400, "bad request: the algorithm is SHA-256")]
    [InlineData("""[]""", 400, "bad request: auth must be an object")]
    [InlineData("""null""", 401, "{\"auth_type\":\"digest\"")]
    public void AuthThatCannotBe_IsToldWhy(string auth, int code, string message)
    {
        var (found, text) = Told(Ask(Open("""{"acl":"@acl.json","auth_file":"pw.txt"}"""), "OTA.Commit", JsonNode.Parse(auth)));
        Assert.Equal(code, found);
        Assert.StartsWith(message, text);
    }

    [Fact]
    public void PasswordFileMissing_Is500InAFrame()
    {
        var access = Open("""{"acl":"@acl.json","auth_file":"none.txt"}""");
        var auth = new DigestAnswer("admin", "secret").Frame(Challenged(Ask(access, "OTA.Commit")), 1);
        Assert.Equal((500, "failed to open password file"), Told(Ask(access, "OTA.Commit", auth)));
        Assert.Contains(log, line => line.StartsWith("WARNING: none.txt: none.txt is missing", StringComparison.Ordinal));
    }

    [Fact]
    public void UserOfTheChannel_NeedsNoAuth()
    {
        var access = Open("""{"acl":"@acl.json","auth_file":"pw.txt"}""");
        Assert.Null(access.Refusal(new RpcAccessQuestion("OTA.Commit", new RpcPeer("WS_in", "", "admin"), default)));
        Assert.Equal((403, "unauthorized"), Told(access.Refusal(new RpcAccessQuestion("OTA.Commit", new RpcPeer("WS_in", "", "bob"), default))));
    }

    [Fact]
    public void OverHttp_TheHeaderIsAskedFor() => Assert.Equal(
        (401, "credentials are needed"),
        Told(Open("""{"acl":"@acl.json","auth_file":"pw.txt"}""").Refusal(new RpcAccessQuestion("OTA.Commit", new RpcPeer("HTTP", ""), default))));

    [Fact]
    public void UserNeededAndNoPasswordFile_IsSaid() =>
        Assert.Equal(403, Told(Ask(Open("""{"acl":"@acl.json"}"""), "OTA.Commit")).Code);

    [Theory]
    [InlineData("""{"acl":"@none.json"}""", "none.json is missing")]
    [InlineData("""{"acl":"@pw.txt"}""", "pw.txt: it is not JSON")]
    [InlineData("""{"acl_file":"pw.txt"}""", "pw.txt: it is not JSON")]
    [InlineData("""{"acl":"[","acl_file":"acl.json"}""", "are both set")]
    [InlineData("""{"acl":"@../../../board.json"}""", "illegal path")]
    [InlineData("""{"acl":"@"}""", "not JSON")]
    [InlineData("""{"acl":"{}"}""", "must be an array")]
    public void ListThatCannotBeUsed_DeniesEverythingAndSaysSoOnce(string settings, string reason)
    {
        var access = Open(settings);
        for (var i = 0; i < 3; i++)
        {
            var (code, message) = Told(Ask(access, "RPC.List"));
            Assert.Equal(403, code);
            Assert.Contains(reason, message);
        }
        Assert.Contains(reason, Assert.Single(log));
        Assert.Contains("every call is refused", log[0]);
    }

    [Fact]
    public void ListMended_CountsAtOnce()
    {
        Write("acl.json", "oops");
        var access = Open("""{"acl":"@acl.json"}""");
        Assert.Equal(403, Told(Ask(access, "RPC.List")).Code);
        Write("acl.json", List);
        Assert.Null(Ask(access, "RPC.List"));
        Assert.Equal("rpc.acl: can be used again", log[^1]);
    }

    private RpcAccess Open(string settings)
    {
        Write("conf0.json", $$"""{"rpc":{{settings}}}""");
        RunConfiguration.Write(device.Volume, device.Board, SlotId.Zero, UserId.Current, _ => { });
        var config = new ConfigStore(device, SlotId.Zero, new OwnedFiles(device.Volume, SlotId.Zero, UserId.Current), UserId.Current);
        var files = new AccessFiles(device.Volume, SlotId.Zero);
        var accessLog = new AccessLog(log.Add);
        return new RpcAccess(config, files, new Passwords(files, accessLog), time, accessLog);
    }

    private static RpcError? Ask(RpcAccess access, string method, JsonNode? auth = null) => access.Refusal(
        new RpcAccessQuestion(method, new RpcPeer("WS_in", "127.0.0.1:1"), auth is null ? JsonElement.Parse("null") : RpcJson.ToElement(auth)));

    private static DigestChallenge Challenged(RpcError? error)
    {
        Assert.Equal(401, error?.Code);
        var challenge = DigestChallenge.ParseFrame(error!.Message!)!;
        Assert.Equal("RPC", challenge.Realm);
        return challenge;
    }

    private static (int Code, string Message) Told(RpcError? error) => (error!.Code, error.Message!);

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(root, "slots/0/fs", name), text);
}
