using System.Net;
using Meerkat.Core.Settings;

namespace Meerkat.Core.Access;

/// <summary>Who can reach a device over HTTP, and what it asks of them; from its settings alone.</summary>
/// <param name="Listens">Where; empty where it listens for nobody, or nowhere that can be read.</param>
/// <param name="Others">Whoever is not on the same machine reaches it too.</param>
/// <param name="Missing">What would protect it and is not set; empty where whoever reaches it must be known.</param>
/// <param name="Tls">What is sent cannot be read on the way.</param>
public sealed record Exposure(string Listens, bool Others, string Missing, bool Tls)
{
    public static Exposure Of(SettingValues values)
    {
        var text = values.Text("http.listen_addr");
        var tls = values.Text("http.ssl_cert").Length > 0;
        var listens = values.Flag("http.enable") && ListenAddress.Parse(text) is ListenAddress.Parsed;
        var others = listens && ListenAddress.Parse(text) is ListenAddress.Parsed({ } one, _) ? !IPAddress.IsLoopback(one) : listens;
        return new Exposure(listens ? text : "", others, tls && values.Text("http.ssl_ca_cert").Length > 0 ? "" : Lacking(values), tls);
    }

    /// <summary>As <see cref="Of"/>, for calls by a channel that listens for itself and has neither TLS nor HTTP's credentials.</summary>
    /// <param name="values">The settings in force.</param>
    /// <param name="key">The setting that says where it listens.</param>
    /// <param name="channel">Its name in access rules.</param>
    public static Exposure OfCalls(SettingValues values, string key, string channel)
    {
        var text = values.Text(key);
        var others = ListenAddress.Parse(text, key) is ListenAddress.Parsed(var one, _) && (one is null || !IPAddress.IsLoopback(one));
        var open = values.Text("rpc.acl").Length + values.Text("rpc.acl_file").Length == 0
            && Credentials.RightWithoutList(values, channel) is RpcRight.Anyone;
        return new Exposure(text, others, open ? $"{key} asks for nothing: whoever reaches it can replace the firmware and read and write its files" : "", Tls: false);
    }

    /// <summary>What is to be said of it, for people; nothing where all is well.</summary>
    public string? Warning =>
        !Others ? null
        : Missing.Length > 0 ? $"OPEN TO THE NETWORK: {Listens} can be reached by others, and {Missing}. docs/access.md says how to protect a device"
        : Tls ? null
        : $"{Listens} is without TLS: settings, files and bundles can be read and changed on the way. Set http.ssl_cert and http.ssl_key";

    /// <summary>Why a device with these settings does not listen; nothing where it may.</summary>
    public string? Refusal(OpenRule rule) =>
        !Others ? null
        : rule is OpenRule.Forbid or OpenRule.ForbidPlain && Missing.Length > 0 ? $"{Listens} can be reached by others, and {Missing}; \"open\" in board.json forbids that"
        : rule is OpenRule.ForbidPlain && !Tls ? $"{Listens} can be reached by others, and http.ssl_cert is not set; \"open\" in board.json forbids that"
        : null;

    private static string Lacking(SettingValues values)
    {
        var (domain, file) = (values.Text("http.auth_domain"), values.Text("http.auth_file"));
        if (Credentials.Http(values) is not null)
        {
            return "";
        }
        var half = (domain.Length > 0, file.Length > 0) switch
        {
            (true, false) => "http.auth_domain is set without http.auth_file, which protects nothing: ",
            (false, true) => "http.auth_file is set without http.auth_domain, which protects nothing: ",
            _ => "",
        };
        var callsAreOpen = values.Text("rpc.acl").Length + values.Text("rpc.acl_file").Length == 0
            && Credentials.RightWithoutList(values, "HTTP") is RpcRight.Anyone;
        return half + (callsAreOpen
            ? "asks for nothing: whoever reaches it can replace the firmware and read and write its files"
            : "/update asks for nothing (http.auth_domain and http.auth_file are not both set): whoever reaches it can replace the firmware");
    }
}
