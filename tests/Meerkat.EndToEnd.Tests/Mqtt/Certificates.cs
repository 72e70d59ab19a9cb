using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Meerkat.EndToEnd.Tests.Mqtt;

/// <summary>An authority and what it has signed: certificates of a broker and of its clients.</summary>
internal sealed class Certificates : IDisposable
{
    private readonly X509Certificate2 authority;

    public Certificates()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-2), DateTimeOffset.UtcNow.AddYears(2));
    }

    public string Authority => authority.ExportCertificatePem();

    public X509Certificate2Collection Trusted => [X509CertificateLoader.LoadCertificate(authority.RawData)];

    /// <param name="name">Who it is for; 127.0.0.1 is always among its addresses.</param>
    /// <param name="expired">It was good until yesterday.</param>
    /// <returns>Certificate and key, PEM.</returns>
    public (string Certificate, string Key) Sign(string name, bool expired = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var serial = new byte[8];
        RandomNumberGenerator.Fill(serial);
        var until = expired ? DateTimeOffset.UtcNow.AddDays(-1) : DateTimeOffset.UtcNow.AddDays(30);
        using var signed = request.Create(authority, DateTimeOffset.UtcNow.AddYears(-1), until, serial);
        return (signed.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose() => authority.Dispose();
}
