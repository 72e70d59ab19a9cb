using System.Text;
using System.Text.Json;
using Meerkat.Core.Access;

namespace Meerkat.Core.Tests.Access;

public sealed class DigestTests
{
    private const string Sha256Hash = "0b19af53019667137bfba42cc23c38df04daaa77ee3b8b603b89babd4658d899";
    private const string Md5Hash = "cf685a4a101de8b1eec42ddc7c7efcf0";

    /// <summary>The values of the specification's appendix A.5, where HA1 and HA2 of SHA-256 stand in each other's place.</summary>
    [Theory]
    [InlineData(DigestAlgorithm.Md5, Md5Hash, "ff84584f5f5ca970fe43b922062ca9fd")]
    [InlineData(DigestAlgorithm.Sha256, Sha256Hash, "e9dc7e425e02697bebd3c61f64b364f96623a09eaf91634441c79f690640ea26")]
    public void Vectors_Hold(DigestAlgorithm algorithm, string userHash, string response)
    {
        Assert.Equal(userHash, DigestScheme.UserHash(algorithm, "admin", "RPC", "secret"));
        Assert.Equal(response, DigestScheme.Response(algorithm, userHash, "1681208100", "1", "12345678", "dummy_method", "dummy_uri"));
    }

    /// <summary>RFC 7616, 3.9.1.</summary>
    [Theory]
    [InlineData(DigestAlgorithm.Md5, "8ca523f5e9506fed4657c9700eebdbec")]
    [InlineData(DigestAlgorithm.Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")]
    public void ExampleOfTheStandard_Holds(DigestAlgorithm algorithm, string response)
    {
        var hash = DigestScheme.UserHash(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life");
        Assert.Equal(
            response,
            DigestScheme.Response(
                algorithm, hash, "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "00000001",
                "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "GET", "/dir/index.html"));
    }

    [Fact]
    public void PasswordFile_KeepsBothHashesOfAUser()
    {
        var file = HtDigestFile.Parse(Encoding.UTF8.GetBytes($"""
            # users
            admin:RPC:{Md5Hash}
            admin:RPC:{Sha256Hash.ToUpperInvariant()}

            admin:RPC:{Sha256Hash.Replace('0', '7')}
            nonsense
            bob:RPC:1234
            a:b:c:{Md5Hash}
            """));

        Assert.Equal(Md5Hash, file.UserHash("admin", "RPC", DigestAlgorithm.Md5));
        Assert.Equal(Sha256Hash, file.UserHash("admin", "RPC", DigestAlgorithm.Sha256));
        Assert.Null(file.UserHash("admin", "rpc", DigestAlgorithm.Md5));
        Assert.Null(file.UserHash("bob", "RPC", DigestAlgorithm.Md5));
        Assert.Equal([6, 7, 8], file.BadLines);
        Assert.Equal(2, file.Entries);
    }

    public static TheoryData<string> UselessHeaders => new()
    {
        "",
        "Digest",
        "Digest ",
        "Basic YWRtaW46c2VjcmV0",
        "Bearer username=\"a\", realm=\"b\"",
        Header().Replace("qop=auth", "qop=auth-int"),
        Header().Replace(", qop=auth", ""),
        Header().Replace(", nc=00000001", ""),
        Header().Replace("nc=00000001", "nc=000000001"),
        Header().Replace("nc=00000001", "nc=xyz"),
        Header().Replace("nc=00000001", "nc=\"\""),
        Header().Replace("cnonce=\"c\"", "cnonce=\"c"),
        Header().Replace("username=\"admin\"", "username=\"admin\", username=\"admin\""),
        Header().Replace("username=\"admin\"", "username=\"admin\", UserName=\"bob\""),
        Header().Replace("username=\"admin\"", "username=admin\u00e4"),
        Header().Replace("username=\"admin\"", "username=\"adm\\"),
        Header().Replace("username=\"admin\"", "username="),
        Header().Replace("username=\"admin\"", "username"),
        Header().Replace("username=\"admin\"", "=\"admin\""),
        Header().Replace("username=\"admin\"", "username=\"admin\" realm=\"x\""),
        Header().Replace("username=\"admin\"", $"username=\"{new string('a', 9000)}\""),
    };

    [Theory]
    [MemberData(nameof(UselessHeaders))]
    public void DamagedHeader_IsNone(string header) => Assert.Null(DigestAuthorization.Parse(header));

    [Theory]
    [InlineData("username=\"admin\"", "username=\"ad\\min\"")]
    [InlineData("qop=auth", "qop=\"auth\"")]
    [InlineData(", ", ",")]
    [InlineData(", ", "  ,,  ")]
    [InlineData("username=", "username = ")]
    [InlineData("Digest", "dIGEST")]
    public void HeaderOfAnotherHand_IsTheSame(string text, string other) =>
        Assert.Equal(DigestAuthorization.Parse(Header()), DigestAuthorization.Parse(Header().Replace(text, other)));

    public static TheoryData<string, string, string, bool> Proofs => new()
    {
        { "POST", "/rpc", "", true },
        { "POST", "/rpc", ", algorithm=SHA-256", true },
        { "POST", "/rpc", ", algorithm=\"sha-256\"", true },
        { "POST", "/rpc", ", algorithm=MD5", false },
        { "POST", "/rpc", ", algorithm=SHA-256-sess", false },
        { "GET", "/rpc", "", false },
        { "POST", "/update", "", false },
        { "POST", "/rpc?x=1", "", false },
        { "POST", "/RPC", "", false },
    };

    [Theory]
    [MemberData(nameof(Proofs))]
    public void Proof_IsForOneRequest(string method, string target, string more, bool proves) =>
        Assert.Equal(proves, Proves(Header() + more, method, target));

    [Fact]
    public void WholeAddress_IsATarget() => Assert.True(Proves(Header(uri: "http://192.168.1.50/rpc"), "POST", "/rpc"));

    [Theory]
    [InlineData("admin", "RPC", "secret", true)]
    [InlineData("admin", "RPC", "Secret", false)]
    [InlineData("Admin", "RPC", "secret", false)]
    [InlineData("", "RPC", "secret", false)]
    [InlineData("admin", "other", "secret", false)]
    public void WhoIsNotKnown_ProvesNothing(string user, string realm, string password, bool proves) =>
        Assert.Equal(proves, Proves(Header(user, realm, password), "POST", "/rpc"));

    [Fact]
    public void EmptyHashes_AreNoWayIn()
    {
        // What an unknown user's proof is compared with must not be one that anybody can compute.
        var header = Header("nobody", "RPC", hash: new string('0', 64));
        Assert.False(Proves(header, "POST", "/rpc"));
    }

    [Theory]
    [InlineData("5", "auth must be an object")]
    [InlineData("{}", "no usable \"username\"")]
    [InlineData("""{"username":"a","realm":"R","nonce":1,"cnonce":2}""", "no usable \"response\"")]
    [InlineData("""{"username":"a","realm":"R","nonce":true,"cnonce":2,"response":"x"}""", "no usable \"nonce\"")]
    [InlineData("""{"username":["a"],"realm":"R","nonce":1,"cnonce":2,"response":"x"}""", "no usable \"username\"")]
    [InlineData("""{"username":"a","realm":"R","nonce":1,"cnonce":2,"response":"x","algorithm":5.5e1}""", null)]
    [InlineData("""{"username":"a","realm":"R","nonce":1,"cnonce":2,"response":"x","algorithm":null}""", "no usable \"algorithm\"")]
    [InlineData("""{"username":"a","realm":"R","nonce":"1","cnonce":"2","response":"x","nc":1,"opaque":{},"foreign":[1]}""", null)]
    public void AuthOfAFrame_IsReadOrSaysWhatIsMissing(string json, string? reason)
    {
        var auth = FrameAuth.Parse(JsonElement.Parse(json));
        if (reason is null)
        {
            Assert.IsType<FrameAuth.Parsed>(auth);
        }
        else
        {
            Assert.Contains(reason, Assert.IsType<FrameAuth.Rejected>(auth).Reason);
        }
    }

    [Fact]
    public void AuthOfTheVectors_Proves()
    {
        var auth = Assert.IsType<FrameAuth.Parsed>(FrameAuth.Parse(JsonElement.Parse(
            """{"realm":"RPC","username":"admin","nonce":1681208100,"cnonce":12345678,"response":"ff84584f5f5ca970fe43b922062ca9fd","algorithm":"MD5"}""")));
        var credentials = new Credentials("RPC", "pw", DigestAlgorithm.Md5);

        Assert.True(auth.Proves(credentials, HtDigestFile.Parse(Encoding.UTF8.GetBytes($"admin:RPC:{Md5Hash}"))));
        Assert.False((auth with { Nonce = "1681208101" }).Proves(credentials, HtDigestFile.Parse(Encoding.UTF8.GetBytes($"admin:RPC:{Md5Hash}"))));
        Assert.False(auth.Proves(credentials, HtDigestFile.Parse(Encoding.UTF8.GetBytes($"admin:RPC:{Md5Hash.Replace('c', 'd')}"))));
    }

    [Fact]
    public void Challenge_IsWhatTheOriginalSends() => Assert.Equal(
        """{"auth_type":"digest","nonce":1681208100,"nc":1,"realm":"RPC","algorithm":"SHA-256"}""",
        FrameAuth.Challenge(new Credentials("RPC", "pw", DigestAlgorithm.Sha256), 1681208100));

    private static bool Proves(string header, string method, string target) => DigestAuthorization.Parse(header)!.Proves(
        new Credentials("RPC", "pw", DigestAlgorithm.Sha256),
        HtDigestFile.Parse(Encoding.UTF8.GetBytes($"admin:RPC:{Sha256Hash}")),
        method,
        target);

    /// <summary>The proof of a user for POST.</summary>
    private static string Header(
        string user = "admin", string realm = "RPC", string password = "secret", string uri = "/rpc", string? hash = null)
    {
        hash ??= DigestScheme.UserHash(DigestAlgorithm.Sha256, user, realm, password);
        var response = DigestScheme.Response(DigestAlgorithm.Sha256, hash, "n", "00000001", "c", "POST", uri);
        return $"Digest username=\"{user}\", realm=\"{realm}\", nonce=\"n\", uri=\"{uri}\", cnonce=\"c\", nc=00000001, qop=auth, response=\"{response}\"";
    }
}
