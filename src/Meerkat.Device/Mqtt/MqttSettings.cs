using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Meerkat.Core.Settings;
using Meerkat.Core.Updates;
using Meerkat.Rpc.Mqtt;

namespace Meerkat.Device.Mqtt;

/// <summary>The settings of the connection to a broker; two that are equal need no new connection.</summary>
internal sealed record MqttSettings
{
    public required bool Enabled { get; init; }

    public required string Server { get; init; }

    public required int Version { get; init; }

    public required string ClientId { get; init; }

    public required string User { get; init; }

    public required string Password { get; init; }

    public required bool Secure { get; init; }

    public required string Authorities { get; init; }

    public required string Certificate { get; init; }

    public required string Key { get; init; }

    public required string ServerName { get; init; }

    public required bool CleanSession { get; init; }

    public required long KeepAliveSeconds { get; init; }

    public required long LeastPauseSeconds { get; init; }

    public required long MostPauseSeconds { get; init; }

    public required string WillTopic { get; init; }

    public required string WillMessage { get; init; }

    public required bool WillRetained { get; init; }

    public required int WillQos { get; init; }

    /// <summary>None: calls are not taken from the broker.</summary>
    public required MqttRpcTopics? Calls { get; init; }

    /// <summary>None: no desired state is followed.</summary>
    public required ShadowTopics? Shadow { get; init; }

    public TimeSpan LeastPause => TimeSpan.FromSeconds(LeastPauseSeconds);

    public TimeSpan MostPause => TimeSpan.FromSeconds(Math.Max(LeastPauseSeconds, MostPauseSeconds));

    public static MqttSettings Of(SettingValues values, string deviceId)
    {
        string Text(string key) => values.Text("mqtt." + key);
        return new MqttSettings
        {
            Enabled = values.Flag("mqtt.enable"),
            Server = Text("server"),
            Version = (int)values.WholeNumber("mqtt.version"),
            ClientId = Text("client_id") is { Length: > 0 } named ? named : deviceId,
            User = Text("user"),
            Password = Text("pass"),
            Secure = values.Flag("mqtt.ssl") || Text("ssl_ca_cert").Length > 0 || Text("ssl_cert").Length > 0,
            Authorities = Text("ssl_ca_cert"),
            Certificate = Text("ssl_cert"),
            Key = Text("ssl_key"),
            ServerName = Text("ssl_server_name"),
            CleanSession = values.Flag("mqtt.clean_session"),
            KeepAliveSeconds = values.WholeNumber("mqtt.keep_alive"),
            LeastPauseSeconds = values.WholeNumber("mqtt.reconnect_timeout_min"),
            MostPauseSeconds = values.WholeNumber("mqtt.reconnect_timeout_max"),
            WillTopic = Text("will_topic"),
            WillMessage = Text("will_message"),
            WillRetained = values.Flag("mqtt.will_retain"),
            WillQos = (int)values.WholeNumber("mqtt.will_qos"),
            Calls = values.Flag("rpc.enable") && values.Flag("rpc.mqtt.enable")
                ? new MqttRpcTopics(
                    MqttTopic.Format(values.Text("rpc.mqtt.sub_topic"), deviceId),
                    values.Text("rpc.mqtt.pub_topic"),
                    values.Flag("rpc.mqtt.sub_wc"),
                    (int)values.WholeNumber("rpc.mqtt.qos"))
                : null,
            Shadow = values.Flag("shadow.ota_enable") ? ShadowTopics.Of(values, deviceId) : null,
        };
    }

    /// <param name="readFile">Reads a text file of the slot's file system; empty when there is none.</param>
    /// <param name="maxFrameBytes">The longest message taken whole.</param>
    /// <param name="time">Tells whether the clock was ever set.</param>
    /// <exception cref="FormatException">A setting is wrong, or a file it names is not there or is none of its kind.</exception>
    public MqttBroker Broker(Func<string, string> readFile, int maxFrameBytes, TimeProvider time)
    {
        var (host, port) = Address(Server, Secure ? MqttBroker.TlsPort : MqttBroker.PlainPort);
        foreach (var (key, topic) in Topics())
        {
            if (MqttTopic.Problem(topic) is { } problem)
            {
                throw new FormatException($"{key} gives the topic \"{topic}\", which {problem}");
            }
        }
        return new MqttBroker(host, port, ClientId)
        {
            User = User,
            Password = Password,
            Tls = Secure ? Tls(host, readFile, time) : null,
            CleanSession = CleanSession,
            KeepAlive = TimeSpan.FromSeconds(KeepAliveSeconds),
            Version = Version,
            Will = WillTopic.Length > 0
                ? new MqttMessage(WillTopic, Encoding.UTF8.GetBytes(WillMessage)) { Qos = WillQos, Retained = WillRetained }
                : null,
            MostPayloadBytes = maxFrameBytes,
        };
    }

    private IEnumerable<(string Key, string Topic)> Topics()
    {
        if (WillTopic.Length > 0)
        {
            yield return ("mqtt.will_topic", WillTopic);
        }
        if (Calls is { } calls)
        {
            yield return ("rpc.mqtt.sub_topic", calls.Requests);
            yield return ("rpc.mqtt.pub_topic", calls.Answers("src"));
        }
        foreach (var topic in Shadow?.All ?? [])
        {
            yield return ("shadow", topic);
        }
    }

    private static (string Host, int Port) Address(string server, int port)
    {
        if (Uri.TryCreate("mqtt://" + server, UriKind.Absolute, out var url) && url.Host.Length > 0 && url is { AbsolutePath: "/" or "", Query: "", UserInfo: "" })
        {
            return (url.IdnHost, url.Port > 0 ? url.Port : port);
        }
        throw new FormatException($"mqtt.server must be HOST or HOST:PORT, found \"{server}\"");
    }

    private SslClientAuthenticationOptions Tls(string host, Func<string, string> readFile, TimeProvider time)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck };
        if (Authorities.Length > 0)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.ImportFromPem(Read("mqtt.ssl_ca_cert", Authorities, readFile));
            if (policy.CustomTrustStore.Count == 0)
            {
                throw new FormatException($"mqtt.ssl_ca_cert: {Authorities} has no certificate in PEM");
            }
        }
        if (time.GetUtcNow() < RetryAfter.EarliestClock)
        {
            // A device whose clock was never set must stay reachable: who the broker is still counts, the dates do not.
            policy.VerificationFlags |= X509VerificationFlags.IgnoreNotTimeValid;
        }
        return new SslClientAuthenticationOptions
        {
            TargetHost = ServerName.Length > 0 ? ServerName : host,
            CertificateChainPolicy = policy,
            ClientCertificates = Certificate.Length > 0 ? [Own(readFile)] : null,
        };
    }

    private X509Certificate2 Own(Func<string, string> readFile)
    {
        var certificate = Read("mqtt.ssl_cert", Certificate, readFile);
        var key = Key.Length > 0 ? Read("mqtt.ssl_key", Key, readFile) : certificate;
        try
        {
            return X509Certificate2.CreateFromPem(certificate, key);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw new FormatException($"mqtt.ssl_cert and mqtt.ssl_key: {Certificate} and {(Key.Length > 0 ? Key : Certificate)} are no certificate with its key: {fault.Message}");
        }
    }

    /// <summary>A file that was named and is not there never means less safety.</summary>
    private static string Read(string setting, string name, Func<string, string> readFile) => readFile(name) is { Length: > 0 } text
        ? text
        : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{setting}: there is no file {name} in the slot's file system, or it is empty"));
}
