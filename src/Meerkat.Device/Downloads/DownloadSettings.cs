using Meerkat.Core.Settings;

namespace Meerkat.Device.Downloads;

/// <summary>What a download tells the server, whom it trusts, and how fast it may be.</summary>
/// <param name="DeviceId"><c>X-MGOS-Device-ID</c>: the device's name and its network card's address.</param>
/// <param name="Version"><c>X-MGOS-FW-Version</c>: platform, version and build id.</param>
/// <param name="UserAgent">Who asks.</param>
/// <param name="ExtraHeaders">Further header lines, each ended by CR LF, for the server that the device was told to ask and no other.</param>
/// <param name="Authorities">Certificates trusted instead of the system's, PEM; empty for the system's.</param>
/// <param name="ClientCertificate">Certificate, its chain if any, and key to show, PEM; empty for none.</param>
/// <param name="ServerName">Name expected in the server's certificate; empty for the address's.</param>
/// <param name="MaxRate">Bytes a second; 0: no limit.</param>
/// <param name="TlsProblem">Why nothing may be asked over TLS: a file that was named is missing. Empty: nothing.</param>
public sealed record DownloadSettings(
    string DeviceId,
    string Version,
    string UserAgent,
    string ExtraHeaders,
    string Authorities,
    string ClientCertificate,
    string ServerName,
    long MaxRate = 0,
    string TlsProblem = "")
{
    /// <summary>What stands where a server expects a word and there is none.</summary>
    private const string Nothing = "-";

    /// <summary>The default; a device without it trusts the system's authorities.</summary>
    private const string OptionalAuthorities = "ca.pem";

    private const string NoMac = "000000000000";

    /// <param name="identity">Who asks.</param>
    /// <param name="values">The settings in force.</param>
    /// <param name="readFile">Reads a text file of the slot's file system; empty when there is none.</param>
    public static DownloadSettings Of(DeviceIdentity identity, SettingValues values, Func<string, string> readFile)
    {
        var version = Word(identity.Firmware.Version);
        var agent = identity.App.Length > 0 ? $"{Word(identity.App)}/{version}" : $"meerkat/{identity.AgentVersion}";
        var missing = ((string[])["update.ssl_ca_file", "update.ssl_client_cert_file"]).FirstOrDefault(
            key => values.Text(key) is not ("" or OptionalAuthorities) && readFile(values.Text(key)).Length == 0);
        return new DownloadSettings(
            $"{Word(identity.Id)} {(identity.Mac.Length > 0 ? identity.Mac : NoMac)}",
            $"{Word(identity.Platform)} {version} {Word(identity.Firmware.BuildId)}",
            $"{agent} (Meerkat/{identity.AgentVersion}; {identity.Platform})",
            values.Text("update.extra_http_headers"),
            readFile(values.Text("update.ssl_ca_file")),
            readFile(values.Text("update.ssl_client_cert_file")),
            values.Text("update.ssl_server_name"),
            values.WholeNumber("update.max_rate"),
            missing is null ? "" : $"{missing} names {values.Text(missing)}, which is not among the slot's files or is empty");
    }

    /// <summary>Servers part these headers at their blanks.</summary>
    private static string Word(string text) => text.Length == 0 ? Nothing : text.Replace(' ', '_');
}
