using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Core.Access;
using Meerkat.Core.Settings;

namespace Meerkat.Core.Tests.Access;

public sealed class RpcAclTests
{
    private const string List = """
        [
          {"method": "RPC.*|Sys.GetInfo", "acl": "*"},
          {"method": "sys.reboot", "ch_type": "HTTP", "acl": "-*"},
          {"ch_type": "MQTT", "acl": "+*"},
          {"method": "Config.Get,FS.List*", "acl": "viewer, admin"},
          {"method": "OTA.*", "acl": "-mallory,**"},
          {"method": "FS.*"},
          {"acl": "*"},
          {"method": "**", "acl": "+admin,-*"}
        ]
        """;

    /// <summary>Method, channel, user (nothing: nobody has logged in), and what comes of it.</summary>
    public static TheoryData<string, string, string?, string> Cases => new()
    {
        { "RPC.List", "HTTP", null, "allowed" },
        { "rpc.ping", "UART", null, "allowed" },
        { "RPC.", "HTTP", null, "user" },
        { "Sys.GetInfo", "WS_in", null, "allowed" },
        { "Sys.GetInfoX", "WS_in", null, "user" },
        { "Sys.Reboot", "HTTP", "admin", "denied" },
        { "Sys.Reboot", "http", "admin", "allowed" },
        { "Sys.Reboot", "WS_in", "admin", "allowed" },
        { "Sys.Reboot", "WS_in", "viewer", "denied" },
        { "FS.Put", "MQTT", null, "allowed" },
        { "Config.Get", "HTTP", null, "user" },
        { "Config.Get", "HTTP", "viewer", "allowed" },
        { "Config.Get", "HTTP", "VIEWER", "allowed" },
        { "Config.Get", "HTTP", "viewer2", "denied" },
        { "FS.ListExt", "HTTP", "viewer", "allowed" },
        { "Config.Set", "HTTP", "viewer", "denied" },
        { "Config.Set", "HTTP", "admin", "allowed" },
        { "OTA.Update", "HTTP", "mallory", "denied" },
        { "OTA.Update", "HTTP", "anybody", "allowed" },
        { "OTA.Update", "HTTP", null, "user" },
        { "FS.Get", "HTTP", "viewer", "denied" },
        { "No.Such", "HTTP", null, "user" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void FirstMatch_Decides(string method, string channel, string? user, string expected)
    {
        var found = RpcAcl.Parse(Encoding.UTF8.GetBytes(List)).Right(method, channel) switch
        {
            RpcRight.Anyone => "allowed",
            RpcRight.Nobody => "denied",
            RpcRight.Users when user is null => "user",
            RpcRight.Users users => users.Allow(user) ? "allowed" : "denied",
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        Assert.Equal(expected, found);
    }

    [Fact]
    public void EntriesThatSayNothing_AreCounted() => Assert.Equal(2, RpcAcl.Parse(Encoding.UTF8.GetBytes(List)).Skipped);

    [Fact]
    public void EmptyList_LetsNobodyIn() => Assert.IsType<RpcRight.Nobody>(RpcAcl.Parse("[]"u8).Right("RPC.List", "HTTP"));

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("hello", "not JSON")]
    [InlineData("""[{"method":"*","acl":"*"}""", "not JSON")]
    [InlineData("""[{"method":"*","acl":"-*","acl":"*"}]""", "not JSON")]
    [InlineData("""{"method":"*","acl":"*"}""", "must be an array of objects, found an object")]
    [InlineData("null", "must be an array of objects, found null")]
    [InlineData("""["*"]""", "must be an array of objects, found \"*\" in it")]
    [InlineData("""[{"method":5,"acl":"*"}]""", "\"method\" must be text, found 5")]
    [InlineData("""[{"method":"*","acl":["admin"]}]""", "\"acl\" must be text, found an array")]
    [InlineData("""[{"method":"*","ch_type":true,"acl":"*"}]""", "\"ch_type\" must be text, found true")]
    public void WhatIsNoList_IsRefusedWithTheReason(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<FormatException>(() => RpcAcl.Parse(Encoding.UTF8.GetBytes(text))).Message);

    /// <summary>What is set, the channel, and whether a call without a list needs a user.</summary>
    [Theory]
    [InlineData("", "HTTP", false)]
    [InlineData("http", "HTTP", true)]
    [InlineData("http", "WS_in", true)]
    [InlineData("http", "UDP_in", true)]
    [InlineData("http", "TCP", true)]
    [InlineData("http", "MQTT", false)]
    [InlineData("http", "UART", false)]
    [InlineData("rpc", "HTTP", true)]
    [InlineData("rpc", "MQTT", true)]
    public void PasswordsWithoutAList_ProtectCalls(string group, string channel, bool needsUser)
    {
        var tree = BuiltInSettings.Defaults();
        if (group.Length > 0)
        {
            tree[group]!["auth_domain"] = JsonValue.Create("R");
            tree[group]!["auth_file"] = JsonValue.Create("pw.txt");
        }
        Assert.Equal(needsUser, Credentials.RightWithoutList(new SettingValues(tree), channel) is RpcRight.Users);
    }
}
