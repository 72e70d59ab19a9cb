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
        new("http.auth_domain", Text, "\"\"", "Realm of the credentials for updates, page and metrics; with http.auth_file: they are asked for"),
        new("http.auth_file", Text, "\"\"", "Password file (htdigest: user:realm:HA1) in the firmware's file system"),
        new("http.auth_algo", WholeNumber, "1", "Digest that is asked for: 0 MD5, 1 SHA-256") { Min = 0, Max = 1 },
        new("http.ssl_cert", Text, "\"\"", "Certificate to listen with by TLS, PEM, intermediates after it; empty: without TLS"),
        new("http.ssl_key", Text, "\"\"", "Its private key, PEM, not encrypted; empty: it is in the certificate's file"),
        new("http.ssl_ca_cert", Text, "\"\"", "Authorities of clients, PEM; set: every client must show a certificate of theirs"),
        new("update.url", Text, "\"\"", "Bundle to look for, or several addresses parted by blanks, tried in order; used by /update without an address and by polling"),
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
        new("update.max_rate", WholeNumber, "0", "Downloads take no more than this; 0: no limit") { Unit = "bytes/s", Min = 0, Max = 1L << 40 },
        new("update.extra_http_headers", Text, "\"\"", "Further header lines of downloads, each ended by CR LF; not sent on to another server by a redirect"),
        new("update.ssl_ca_file", Text, "\"ca.pem\"", "Authorities trusted in downloads; without ca.pem the system's, but any other file must be there"),
        new("update.ssl_client_cert_file", Text, "\"\"", "Certificate and key shown in downloads, PEM"),
        new("update.ssl_server_name", Text, "\"\"", "Name expected in the server's certificate instead of the address's"),
        new("update.min_version", Text, "\"\"", "Older versions are refused; a fall back to the previous slot is not affected"),
        .. Enumerable.Range(0, 8).Select(i => new SettingDefinition($"update.key{i}", Text, "\"\"", $"Signing key {i}: Base64 of the DER public key (P-256)")),
        new("update.sig_req_mask", WholeNumber, "-1", "Bit per key whose signature is required; negative: none is; 0: no update is accepted")
        {
            Min = int.MinValue,
            Max = int.MaxValue,
        },
        new("rpc.enable", Flag, "true", "Answer calls"),
        new("rpc.acl", Text, "\"\"", "Who may call what: a JSON array, or @FILE in the firmware's file system; empty: see docs/access.md"),
        new("rpc.acl_file", Text, "\"\"", "The older form of rpc.acl=@FILE; both together are refused"),
        new("rpc.auth_domain", Text, "\"RPC\"", "Realm of the credentials in frames"),
        new("rpc.auth_file", Text, "\"\"", "Password file for calls, as http.auth_file"),
        new("rpc.auth_algo", WholeNumber, "1", "Digest that is asked for in calls: 0 MD5, 1 SHA-256") { Min = 0, Max = 1 },
        // 4096 in the original, for devices with little memory. A piece of OTA.Write or FS.Put travels as base64 in one frame;
        // 64 KiB holds 48 KB of it and still bounds what a stranger can make us keep.
        new("rpc.max_frame_size", WholeNumber, "65536", "Longest frame accepted") { Unit = "bytes", Min = 1024, Max = 16 << 20 },
        new("rpc.max_queue_length", WholeNumber, "25", "Calls of one channel that run at once; what comes above waits, by UDP it is refused with 429") { Min = 1, Max = 1000 },
        new("rpc.max_non_persistent_channels", WholeNumber, "20", "Callers by WebSocket, TCP and Unix socket at once; above, the one silent for longest is closed") { Min = 1, Max = 200 },
        new("rpc.idle_close_timeout", WholeNumber, "600", "A connection by TCP or Unix socket on which nothing comes for so long and no call runs is closed; 0: never") { Unit = "s", Min = 0, Max = Day },
        new("rpc.ws.enable", Flag, "true", "Answer calls by WebSocket at /rpc"),
        new("rpc.ws.server_address", Text, "\"\"", "Server that the device dials and takes calls from: ws://HOST[:PORT]/PATH or wss://; empty: none"),
        new("rpc.ws.reconnect_interval_min", WholeNumber, "1", "From a lost connection to the first new one; doubles with each failure") { Unit = "s", Min = 1, Max = Day },
        new("rpc.ws.reconnect_interval_max", WholeNumber, "60", "The longest time between two tries") { Unit = "s", Min = 1, Max = Day },
        new("rpc.ws.ssl_server_name", Text, "\"\"", "Name expected in the server's certificate instead of the address's"),
        new("rpc.ws.ssl_cert", Text, "\"\"", "Certificate shown to the server, PEM"),
        new("rpc.ws.ssl_key", Text, "\"\"", "Its key, PEM; empty: in the same file"),
        new("rpc.ws.ssl_ca_cert", Text, "\"\"", "Authorities trusted for it; empty: the system's"),
        new("rpc.udp.listen_addr", Text, "\"\"", "Address and port for calls by UDP: udp://:1234; empty: none"),
        new("rpc.tcp.listen_addr", Text, "\"\"", "Address and port for calls by TCP, framed as on a serial line: tcp://:5000; empty: none"),
        new("rpc.uart.uart_no", WholeNumber, "-1", "Serial line for calls: N is /dev/ttySN; -1: none") { Min = -1, Max = 255 },
        new("rpc.uart.device", Text, "\"\"", "Serial line for calls by its name: /dev/ttyUSB0; counts before rpc.uart.uart_no"),
        new("rpc.uart.baud_rate", WholeNumber, "115200", "Bits a second") { Min = 1200, Max = 2000000 },
        new("rpc.uart.fc_type", WholeNumber, "2", "Flow control: 0 none, 1 RTS and CTS, 2 XON and XOFF") { Min = 0, Max = 2 },
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

    /// <summary>The definition of a key, or null when Meerkat does not read it. Keys are compared exactly.</summary>
    public static SettingDefinition? Find(string key) => SettingSchema.BuiltIn.Find(key);

    /// <summary>Whether known keys lie below this one: <c>update</c>, which must then be an object.</summary>
    public static bool IsGroup(string key) => SettingSchema.BuiltIn.IsGroup(key);

    /// <summary>Level 0 as a tree, a new one at each call.</summary>
    public static JsonObject Defaults() => SettingSchema.BuiltIn.Defaults();

    private static SettingDefinition Boot(string key, long seconds, string title) =>
        new(key, WholeNumber, seconds.ToString(System.Globalization.CultureInfo.InvariantCulture), title)
        {
            Unit = "s",
            Min = 0,
            Max = Day,
            BoardOnly = true,
        };
}
