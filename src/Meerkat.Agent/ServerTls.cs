using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Meerkat.Core.Settings;
using Meerkat.Device.Access;

namespace Meerkat.Agent;

/// <summary>
/// What the device listens with by TLS. Its files are looked at again when somebody connects, at most once a second: a new pair counts
/// without a restart, and one that is damaged or does not fit leaves the old one in place. A certificate that has expired is used all
/// the same, because a device that cannot be reached cannot be given another.
/// </summary>
internal sealed class ServerTls
{
    private const string Setting = "http.ssl_cert";
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly AccessFiles files;
    private readonly (string Setting, string Name)[] names;
    private readonly TimeProvider time;
    private readonly AccessLog log;
    private readonly Lock gate = new();
    private byte[][] read;
    private Loaded loaded;
    private long lookedAt;

    private ServerTls(AccessFiles files, (string Setting, string Name)[] names, TimeProvider time, AccessLog log)
    {
        this.files = files;
        this.names = names;
        this.time = time;
        this.log = log;
        read = Read();
        loaded = Load(read);
        lookedAt = time.GetTimestamp();
        Tell();
    }

    /// <summary>Whether every client must show a certificate.</summary>
    public bool KnowsClients => names.Length > 2;

    /// <summary>Nothing where no certificate is set.</summary>
    /// <exception cref="InvalidDataException">One is set, and nothing can be listened with; the message says why.</exception>
    public static ServerTls? Open(AccessFiles files, SettingValues values, TimeProvider time, AccessLog log)
    {
        var (certificate, key, authorities) = (values.Text(Setting), values.Text("http.ssl_key"), values.Text("http.ssl_ca_cert"));
        if (certificate.Length == 0)
        {
            return key.Length + authorities.Length == 0 ? null : throw new InvalidDataException(
                $"{(key.Length > 0 ? "http.ssl_key" : "http.ssl_ca_cert")} is set and http.ssl_cert is not: without a certificate there is no TLS");
        }
        var names = new List<(string, string)> { (Setting, certificate), ("http.ssl_key", key.Length > 0 ? key : certificate) };
        if (authorities.Length > 0)
        {
            names.Add(("http.ssl_ca_cert", authorities));
        }
        return new ServerTls(files, [.. names], time, log);
    }

    /// <summary>For the next handshake.</summary>
    public SslServerAuthenticationOptions Options()
    {
        lock (gate)
        {
            if (time.GetElapsedTime(lookedAt) >= LookAgain)
            {
                lookedAt = time.GetTimestamp();
                LookAgainHoldingGate();
            }
            return loaded.Options;
        }
    }

    private void LookAgainHoldingGate()
    {
        try
        {
            var now = Read();
            if (!now.Zip(read).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second)))
            {
                loaded = Load(now);
                read = now;
            }
            Tell();
        }
        catch (InvalidDataException fault)
        {
            log.Tell(Setting, $"{fault.Message}; the device goes on with the one it had, until {loaded.Certificate.NotAfter.ToUniversalTime():u}");
        }
    }

    private byte[][] Read()
    {
        try
        {
            return [.. names.Select(file => files.Read(file.Name))];
        }
        catch (IOException fault)
        {
            throw new InvalidDataException(fault.Message, fault);
        }
    }

    private Loaded Load(byte[][] contents)
    {
        var certificate = Pair(Encoding.UTF8.GetString(contents[0]), Encoding.UTF8.GetString(contents[1]));
        var options = new SslServerAuthenticationOptions
        {
            // What stands after the device's own: the authorities between it and the root.
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, Certificates(contents[0], names[0]), offline: true),
            ApplicationProtocols = [SslApplicationProtocol.Http11],
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        };
        if (KnowsClients)
        {
            const string forClients = "1.3.6.1.5.5.7.3.2";
            options.ClientCertificateRequired = true;
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            options.CertificateChainPolicy.ApplicationPolicy.Add(new Oid(forClients));
            options.CertificateChainPolicy.CustomTrustStore.AddRange(Certificates(contents[2], names[2]));
        }
        return new Loaded(certificate, options);
    }

    private X509Certificate2 Pair(string certificate, string key)
    {
        try
        {
            return X509Certificate2.CreateFromPem(certificate, key);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException(
                $"{names[0].Name} and {names[1].Name} are no certificate with its key (PEM, not encrypted): {fault.Message}", fault);
        }
    }

    private static X509Certificate2Collection Certificates(byte[] pem, (string Setting, string Name) file)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(Encoding.UTF8.GetString(pem));
        }
        catch (CryptographicException fault)
        {
            throw new InvalidDataException($"{file.Name} ({file.Setting}) holds no certificates in PEM: {fault.Message}", fault);
        }
        return found.Count > 0 ? found : throw new InvalidDataException($"{file.Name} ({file.Setting}) holds no certificate in PEM");
    }

    private void Tell()
    {
        var now = time.GetUtcNow();
        var (begin, end) = (loaded.Certificate.NotBefore.ToUniversalTime(), loaded.Certificate.NotAfter.ToUniversalTime());
        log.Tell(Setting, now > end ? $"{names[0].Name} has expired on {end:u}: clients that check it refuse this device, which goes on listening; replace the file"
            : now < begin ? $"{names[0].Name} is valid from {begin:u}, and the device's clock says {now:u}: clients that check it refuse this device"
            : "");
    }

    private sealed record Loaded(X509Certificate2 Certificate, SslServerAuthenticationOptions Options);
}
