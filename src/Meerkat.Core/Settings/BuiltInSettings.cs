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
        new("mqtt.enable", Flag, "false", "Connect to a broker"),
        new("mqtt.server", Text, "\"\"", "The broker: HOST or HOST:PORT; without a port 1883, with TLS 8883"),
        new("mqtt.version", WholeNumber, "4", "The protocol: 4 is MQTT 3.1.1, 5 is MQTT 5") { Min = 4, Max = 5 },
        new("mqtt.client_id", Text, "\"\"", "Name at the broker; empty: the device's id"),
        new("mqtt.user", Text, "\"\"", "User at the broker; empty: none"),
        new("mqtt.pass", Text, "\"\"", "The user's password"),
        new("mqtt.ssl", Flag, "false", "Use TLS; so do ssl_ca_cert and ssl_cert when they are set"),
        new("mqtt.ssl_ca_cert", Text, "\"\"", "File of the authorities trusted for the broker, PEM; empty: the system's"),
        new("mqtt.ssl_cert", Text, "\"\"", "File of the certificate shown to the broker, PEM"),
        new("mqtt.ssl_key", Text, "\"\"", "File of its key, PEM; empty: it is in ssl_cert"),
        new("mqtt.ssl_server_name", Text, "\"\"", "Name expected in the broker's certificate instead of the address's"),
        new("mqtt.clean_session", Flag, "true", "The broker forgets the device when it is gone; false: it keeps calls for it"),
        new("mqtt.keep_alive", WholeNumber, "60", "A connection on which nothing came for so long is dead; 0: never") { Unit = "s", Min = 0, Max = 65535 },
        new("mqtt.reconnect_timeout_min", WholeNumber, "2", "From a lost connection to the next try, at first") { Unit = "s", Min = 1, Max = Day },
        new("mqtt.reconnect_timeout_max", WholeNumber, "60", "The longest pause between two tries; it doubles up to this") { Unit = "s", Min = 1, Max = Day },
        new("mqtt.will_topic", Text, "\"\"", "Topic of what the broker tells others when the device vanishes; empty: nothing"),
        new("mqtt.will_message", Text, "\"\"", "What it tells them"),
        new("mqtt.will_retain", Flag, "false", "It keeps that for who subscribes later"),
        new("mqtt.will_qos", WholeNumber, "0", "Quality of service of that: 0 to 2") { Min = 0, Max = 2 },
        new("rpc.mqtt.enable", Flag, "true", "Answer calls that come through the broker"),
        new("rpc.mqtt.sub_topic", Text, "\"%.*s/rpc\"", "Topic of calls; %.*s stands for the device's id"),
        new("rpc.mqtt.sub_wc", Flag, "true", "Topics below it are methods: ID/rpc/METHOD"),
        new("rpc.mqtt.pub_topic", Text, "\"%.*s/rpc\"", "Topic of answers; %.*s stands for the caller's src"),
        new("rpc.mqtt.qos", WholeNumber, "1", "Quality of service of both: 0 or 1") { Min = 0, Max = 1 },
        new("shadow.ota_enable", Flag, "true", "Follow the desired ota.url that the broker tells"),
        new("shadow.autocommit", Flag, "false", "Commit an update when it has reached the broker"),
        new("shadow.type", Text, "\"plain\"", "plain: the two topics below; aws: the reserved topics of AWS IoT"),
        new("shadow.desired_topic", Text, "\"%.*s/shadow/desired\"", "Topic of what is desired; %.*s stands for the device's id"),
        new("shadow.reported_topic", Text, "\"%.*s/shadow/reported\"", "Topic of what is reported, retained"),
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
