using Meerkat.Core.Settings;

namespace Meerkat.Device.Downloads;

/// <summary>What a download tells the server, and whom it trusts.</summary>
/// <param name="DeviceId"><c>X-MGOS-Device-ID</c>.</param>
/// <param name="Version"><c>X-MGOS-FW-Version</c>: platform, version and build id.</param>
/// <param name="UserAgent">Who asks.</param>
/// <param name="ExtraHeaders">Further header lines, each ended by CR LF.</param>
/// <param name="Authorities">Certificates trusted instead of the system's, PEM; empty for the system's.</param>
/// <param name="ClientCertificate">Certificate and key to show, PEM; empty for none.</param>
/// <param name="ServerName">Name expected in the server's certificate; empty for the address's.</param>
public sealed record DownloadSettings(
    string DeviceId, string Version, string UserAgent, string ExtraHeaders, string Authorities, string ClientCertificate, string ServerName)
{
    /// <param name="identity">Who asks.</param>
    /// <param name="values">The settings in force.</param>
    /// <param name="readFile">Reads a text file of the slot's file system; empty when there is none.</param>
    public static DownloadSettings Of(DeviceIdentity identity, SettingValues values, Func<string, string> readFile)
    {
        var app = identity.App.Length > 0 ? identity.App : "meerkat";
        return new DownloadSettings(
            identity.Id,
            $"{identity.Platform} {identity.Firmware.Version} {identity.Firmware.BuildId}",
            $"{app}/{identity.Firmware.Version} (Meerkat/{identity.AgentVersion}; {identity.Platform})",
            values.Text("update.extra_http_headers"),
            readFile(values.Text("update.ssl_ca_file")),
            readFile(values.Text("update.ssl_client_cert_file")),
            values.Text("update.ssl_server_name"));
    }
}
