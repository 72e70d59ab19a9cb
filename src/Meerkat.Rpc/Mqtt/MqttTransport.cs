using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Meerkat.Rpc.Channels;
using Meerkat.Rpc.Client;

namespace Meerkat.Rpc.Mqtt;

/// <summary>The way to a device through a broker: <c>mqtt://[USER:PASSWORD@]BROKER[:1883]/DEVICE</c> or <c>mqtts://…[:8883]/DEVICE</c>.</summary>
public static class MqttTransport
{
    private static readonly TimeSpan ConnectAgain = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    /// <param name="address">The broker and the device.</param>
    /// <param name="tls">Whom to trust with <c>mqtts</c>; none: the system's authorities.</param>
    /// <param name="random">Chooses the caller's name.</param>
    /// <param name="time">Measures pauses and pings.</param>
    /// <exception cref="FormatException">The address names no broker or no device.</exception>
    public static ConnectionPlan Plan(Uri address, TlsOptions? tls, Random random, TimeProvider time)
    {
        var secure = address.Scheme == "mqtts";
        var device = Uri.UnescapeDataString(address.AbsolutePath).Trim('/');
        if (address.Scheme is not ("mqtt" or "mqtts") || address.Host.Length == 0 || MqttTopic.Problem(device) is not null)
        {
            throw new FormatException($"expected mqtt://[USER:PASSWORD@]BROKER[:PORT]/DEVICE or mqtts://…, found {Shown(address)}");
        }
        var name = string.Create(CultureInfo.InvariantCulture, $"meerkat-{random.Next()}");
        var source = $"{device}/rpc-resp/{name}";
        var port = address.Port > 0 ? address.Port : secure ? MqttBroker.TlsPort : MqttBroker.PlainPort;
        var user = address.UserInfo.Split(':', 2);
        var broker = new MqttBroker(address.IdnHost, port, name)
        {
            User = Uri.UnescapeDataString(user[0]),
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : "",
            Tls = secure ? Options(address.IdnHost, tls ?? new TlsOptions()) : null,
            KeepAlive = KeepAlive,
            // It tells whether anybody has subscribed, and why it refuses something.
            Version = 5,
            MostPayloadBytes = RpcClient.MaxAnswerBytes,
        };
        return new ConnectionPlan(Shown(address), cancellationToken => ConnectAsync(broker, device, source, time, cancellationToken))
        {
            Source = source,
            Destination = device,
            ConnectAgain = ConnectAgain,
            Time = time,
        };
    }

    private static async Task<IFrameConnection> ConnectAsync(
        MqttBroker broker, string device, string source, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            try
            {
                return await MqttConnection.OpenAsync(broker, device, source, time, cancellationToken).ConfigureAwait(false);
            }
            catch (MqttException refused) when (refused.WrongVersion)
            {
                return await MqttConnection.OpenAsync(broker with { Version = 4 }, device, source, time, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (MqttException fault)
        {
            throw new RpcTransportException(fault.Message, fault) { NotReached = fault.NotReached };
        }
    }

    private static SslClientAuthenticationOptions Options(string host, TlsOptions tls)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck };
        if (tls.Authorities is { } authorities)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
        }
        return new SslClientAuthenticationOptions
        {
            TargetHost = tls.ServerName ?? host,
            CertificateChainPolicy = policy,
            ClientCertificates = tls.Certificate is { } own ? [own] : null,
#pragma warning disable CA5359 // Asked for by whoever calls, for brokers with a certificate of their own making.
            RemoteCertificateValidationCallback = tls.Unverified ? (_, _, _, _) => true : null,
#pragma warning restore CA5359
        };
    }

    /// <summary>Without the password.</summary>
    private static string Shown(Uri address) => address.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.UserInfo, UriFormat.SafeUnescaped);
}
