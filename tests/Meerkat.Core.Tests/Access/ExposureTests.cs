using System.Text.Json.Nodes;
using Meerkat.Core.Access;
using Meerkat.Core.Settings;

namespace Meerkat.Core.Tests.Access;

public sealed class ExposureTests
{
    private const string Password = "\"auth_domain\":\"R\",\"auth_file\":\"p\"";
    private const string Tls = "\"ssl_cert\":\"c\"";

    /// <summary>What is set, a word of the warning (nothing: there is none), and whether forbid and forbid-plain refuse.</summary>
    public static TheoryData<string, string, bool, bool> Cases => new()
    {
        { """{"http":{"listen_addr":"127.0.0.1:80"}}""", "", false, false },
        { """{"http":{"listen_addr":"[::1]:80"}}""", "", false, false },
        { """{"http":{"enable":false,"listen_addr":":80"}}""", "", false, false },
        { """{"http":{"listen_addr":":80"}}""", "asks for nothing", true, true },
        { """{"http":{"listen_addr":"192.168.1.5:80"}}""", "asks for nothing", true, true },
        { """{"http":{"listen_addr":":80","auth_domain":"R"}}""", "without http.auth_file", true, true },
        { """{"http":{"listen_addr":":80","auth_file":"p"}}""", "without http.auth_domain", true, true },
        { """{"http":{"listen_addr":":80",PASSWORD}}""", "without TLS", false, true },
        { """{"http":{"listen_addr":":80",PASSWORD,TLS}}""", "", false, false },
        { """{"http":{"listen_addr":":80",TLS}}""", "asks for nothing", true, true },
        { """{"http":{"listen_addr":":80",TLS,"ssl_ca_cert":"ca"}}""", "", false, false },
        { """{"http":{"listen_addr":":80","ssl_ca_cert":"ca"}}""", "asks for nothing", true, true },
        { """{"http":{"listen_addr":":80"},"rpc":{PASSWORD}}""", "/update asks for nothing", true, true },
        { """{"http":{"listen_addr":":80"},"rpc":{"acl":"[]"}}""", "/update asks for nothing", true, true },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Device_SaysHowOpenItIs(string settings, string warning, bool forbidden, bool plainForbidden)
    {
        var merged = ConfigLayers.Apply(BuiltInSettings.Defaults(), JsonNode.Parse(settings.Replace("PASSWORD", Password).Replace("TLS", Tls))!.AsObject(), "test", SettingSchema.BuiltIn, ConfigAcl.AllowAll).Tree;
        var exposure = Exposure.Of(new SettingValues(merged));
        if (warning.Length == 0)
        {
            Assert.Null(exposure.Warning);
        }
        else
        {
            Assert.Contains(warning, exposure.Warning);
        }
        Assert.Equal(forbidden, exposure.Refusal(OpenRule.Forbid) is not null);
        Assert.Equal(plainForbidden, exposure.Refusal(OpenRule.ForbidPlain) is not null);
        Assert.Null(exposure.Refusal(OpenRule.Warn));
        Assert.Null(exposure.Refusal(OpenRule.Allow));
    }
}
