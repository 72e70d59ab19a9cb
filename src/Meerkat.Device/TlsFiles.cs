using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Meerkat.Core.Settings;
using Meerkat.Core.Updates;
using Meerkat.Rpc.Client;

namespace Meerkat.Device;

/// <summary>The certificates that a client of this device uses, from the files that its settings name.</summary>
internal sealed class TlsFiles
{
    private readonly SettingValues values;
    private readonly string prefix;
    private readonly Func<string, string> readFile;

    private TlsFiles(SettingValues values, string prefix, Func<string, string> readFile)
    {
        this.values = values;
        this.prefix = prefix;
        this.readFile = readFile;
    }

    /// <param name="values">The settings in force.</param>
    /// <param name="prefix">The group with <c>ssl_ca_cert</c>, <c>ssl_cert</c>, <c>ssl_key</c> and <c>ssl_server_name</c>.</param>
    /// <param name="readFile">Reads a text file of the slot's file system; empty when there is none.</param>
    /// <param name="time">A clock that was never set judges no dates.</param>
    /// <exception cref="IOException">A file that is named is missing, or is no certificate or key.</exception>
    public static TlsOptions Read(SettingValues values, string prefix, Func<string, string> readFile, TimeProvider time)
    {
        var files = new TlsFiles(values, prefix, readFile);
        return new TlsOptions
        {
            ServerName = values.Text($"{prefix}.ssl_server_name"),
            Authorities = files.Made("ssl_ca_cert", Authorities),
            Certificate = files.Made("ssl_cert", own => X509Certificate2.CreateFromPem(own, files.Text("ssl_key") ?? own)),
            IgnoreDates = time.GetUtcNow() < RetryAfter.EarliestClock,
        };
    }

    private static X509Certificate2Collection Authorities(string pem)
    {
        var trusted = new X509Certificate2Collection();
        trusted.ImportFromPem(pem);
        return trusted.Count > 0 ? trusted : throw new CryptographicException("it holds no certificate in PEM form");
    }

    private T? Made<T>(string name, Func<string, T> make)
        where T : class
    {
        try
        {
            return Text(name) is { } pem ? make(pem) : null;
        }
        catch (CryptographicException fault)
        {
            throw new IOException($"{prefix}.{name}: {values.Text($"{prefix}.{name}")} cannot be used: {fault.Message}", fault);
        }
    }

    /// <summary>A file's text; null where none is named.</summary>
    private string? Text(string name)
    {
        var file = values.Text($"{prefix}.{name}");
        return file.Length == 0 ? null : readFile(file) is { Length: > 0 } text ? text
            : throw new IOException($"{prefix}.{name}: there is no file {file} in the firmware's file system");
    }
}
