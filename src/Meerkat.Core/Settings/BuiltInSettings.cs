using System.Collections.Immutable;
using System.Text.Json.Nodes;
using static Meerkat.Core.Settings.SettingKind;

namespace Meerkat.Core.Settings;

/// <summary>
/// The keys Meerkat reads, with the defaults of level 0. Names and defaults are those of the original where it has them, except
/// <c>http.listen_addr</c>: opening a device to the network is a decision. A firmware may add any keys of its own.
/// </summary>
public static class BuiltInSettings
{
    /// <summary>A day is the longest sensible time-out of a process; a week the longest commit timeout.</summary>
    private const long Day = 86400;
    private const long Week = 7 * Day;
    private const long Year = 366 * Day;

    public static ImmutableArray<SettingDefinition> All { get; } =
    [
        new("device.id", Text, "\"\"", "Name of the device in frames and topics; empty: made from the machine's own id"),
        new("http.enable", Flag, "true", "Listen for HTTP"),
        new("http.listen_addr", Text, "\"127.0.0.1:8080\"", "Address and port to listen on; \":80\" is every address"),
        new("http.host_names", Text, "\"\"", "Names accepted in the Host header besides addresses and localhost, parted by commas"),
        new("http.cors_origin", Text, "\"\"", "The one foreign web origin that may call the device; empty: none"),
        new("update.url", Text, "\"\"", "Bundle to look for; used by /update without an address and by polling"),
        new("update.interval", WholeNumber, "0", "Time between two looks at update.url; 0: never") { Unit = "s", Min = 0, Max = Year },
        new("update.timeout", WholeNumber, "600", "An update that receives nothing for so long ends") { Unit = "s", Min = 1, Max = Day },
        new("update.commit_timeout", WholeNumber, "0", "Commit timeout where a request names none; 0: commits itself when ready")
        {
            Unit = "s",
            Min = 0,
            Max = Week,
        },
        new("update.gate", Text, "\"\"", "Shell command asked before an update begins and before its restart: 0 go, 75 later, else no"),
        new("update.gate_timeout", WholeNumber, "30", "A gate that has not answered by then is killed and counts as no")
        {
            Unit = "s",
            Min = 1,
            Max = 600,
        },
        new("update.enable_post", Flag, "true", "Accept bundles by POST /update"),
        new("update.extra_http_headers", Text, "\"\"", "Further header lines of downloads, each ended by CR LF"),
        new("update.ssl_ca_file", Text, "\"ca.pem\"", "Authorities trusted in downloads; when the file is missing, the system's"),
        new("update.ssl_client_cert_file", Text, "\"\"", "Certificate and key shown in downloads, PEM"),
        new("update.ssl_server_name", Text, "\"\"", "Name expected in the server's certificate instead of the address's"),
        new("update.min_version", Text, "\"\"", "Older versions are refused; a fall back to the previous slot is not affected"),
        .. Enumerable.Range(0, 8).Select(i => new SettingDefinition($"update.key{i}", Text, "\"\"", $"Signing key {i}: Base64 of the DER public key (P-256)")),
        new("update.sig_req_mask", WholeNumber, "-1", "Bit per key whose signature is required; -1: signatures are not required")
        {
            Min = -1,
            Max = 255,
        },
        new("rpc.enable", Flag, "true", "Answer calls"),
        // 4096 in the original, for devices with little memory. A piece of OTA.Write or FS.Put travels as base64 in one frame;
        // 64 KiB holds 48 KB of it and still bounds what a stranger can make us keep.
        new("rpc.max_frame_size", WholeNumber, "65536", "Longest frame accepted") { Unit = "bytes", Min = 1024, Max = 16 << 20 },
        new("metrics.enable", Flag, "true", "Answer /metrics for Prometheus"),
        new("telemetry.otlp_endpoint", Text, "\"\"", "Collector that traces are sent to by OTLP over HTTP: http://collector:4318; empty: none"),
        new("boot.ready", Text, "\"alive\"", "How firmware shows that it works: alive (it runs) or notify (it says so)") { BoardOnly = true },
        Boot("boot.ready_timeout", 60, "With notify: ready within this time, else fall back"),
        Boot("boot.ready_after", 10, "With alive: ready after running this long"),
        Boot("boot.settle", 10, "With commit timeout 0: commits after being ready this long"),
        Boot("boot.stop_timeout", 10, "From asking processes to end to killing them"),
        Boot("boot.watchdog", 30, "Longest silence between watchdog pings, after the first; 0: not watched"),
        new("boot.max_crashes", WholeNumber, "0", "Crashes in a row after which committed firmware is left; 0: never")
        {
            Min = 0,
            Max = 1000,
            BoardOnly = true,
        },
        new("health.min_time", WholeNumber, "0", "A trial with probes below commits itself no sooner; health.json of a firmware goes before these keys") { Unit = "s", Min = 0, Max = Week },
        new("health.max_time", WholeNumber, "300", "A trial whose probes do not hold within this time falls back") { Unit = "s", Min = 1, Max = Week },
        new("health.alive", Flag, "false", "Probe: the firmware's process runs"),
        new("health.ready", Flag, "false", "Probe: the firmware is ready, as boot.ready or its manifest says"),
        new("health.http", Text, "\"\"", "Probes: addresses that answer 200 to 299, parted by spaces"),
        new("health.tcp", Text, "\"\"", "Probes: HOST:PORT that take a connection, parted by spaces"),
        new("health.command", Text, "\"\"", "Probe: shell command that ends with 0, run as the firmware's user in its file system"),
        new("health.mqtt", Flag, "false", "Probe: the device is connected to its MQTT broker"),
        new("health.fleet", Flag, "false", "Probe: the fleet's server (update.url, or the one dialled) is reached"),
        new("conf_acl", Text, "\"*\"", "Which keys the layers above may set"),
        new("debug.level", WholeNumber, "2", "How much the agent logs: -1 none but errors, 0 errors, 1 warnings, 2 what happens, 3 requests, 4 all; a firmware may follow it")
        {
            Min = -1,
            Max = 4,
        },
    ];

    private static ImmutableDictionary<string, SettingDefinition> ByKey { get; } =
        All.ToImmutableDictionary(setting => setting.Key, StringComparer.Ordinal);

    /// <summary>The definition of a key, or null when Meerkat does not read it. Keys are compared exactly.</summary>
    public static SettingDefinition? Find(string key) => ByKey.GetValueOrDefault(key);

    /// <summary>Whether known keys lie below this one: <c>update</c>, which must then be an object.</summary>
    public static bool IsGroup(string key) =>
        All.Any(setting => setting.Key.Length > key.Length && setting.Key[key.Length] == '.'
            && setting.Key.StartsWith(key, StringComparison.Ordinal));

    /// <summary>Level 0 as a tree, a new one at each call.</summary>
    public static JsonObject Defaults()
    {
        var tree = new JsonObject();
        foreach (var setting in All)
        {
            ConfigPath.TrySet(tree, setting.Key, setting.DefaultNode());
        }
        return tree;
    }

    private static SettingDefinition Boot(string key, long seconds, string title) =>
        new(key, WholeNumber, seconds.ToString(System.Globalization.CultureInfo.InvariantCulture), title)
        {
            Unit = "s",
            Min = 0,
            Max = Day,
            BoardOnly = true,
        };
}
