using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Meerkat.Core.Access;
using Meerkat.Rpc.Client;

namespace Meerkat.Tool.Devices;

/// <summary>The options by which a command is let in by a device.</summary>
internal sealed class AccessOptions
{
    private static readonly string[] CredentialVariables = ["MEERKAT_CREDENTIALS", "MOS_RPC_CREDS"];

    private readonly Option<string?> user = new("--user", "--rpc-creds")
    {
        Description = "Who asks: USER:PASSWORD, USER (the password is asked for) or @FILE with USER:PASSWORD in it. Default: MEERKAT_CREDENTIALS or MOS_RPC_CREDS",
        HelpName = "USER",
    };

    private readonly Option<string?> authorities = new("--ca-cert-file")
    {
        Description = "With TLS: the authorities, or the device's own certificate, to trust instead of the system's; PEM",
        HelpName = "FILE",
    };

    private readonly Option<string?> certificate = new("--cert-file")
    {
        Description = "With TLS: certificate to show to the device, PEM",
        HelpName = "FILE",
    };

    private readonly Option<string?> key = new("--key-file")
    {
        Description = "Private key of --cert-file, PEM. Default: it is in that file",
        HelpName = "FILE",
    };

    private readonly Option<bool> insecure = new("--insecure")
    {
        Description = "With TLS: accept any certificate",
    };

    public AccessOptions(Command command)
    {
        command.Options.Add(user);
        command.Options.Add(authorities);
        command.Options.Add(certificate);
        command.Options.Add(key);
        command.Options.Add(insecure);
    }

    /// <exception cref="ToolException">A file cannot be read, or holds something else.</exception>
    public ClientAccess Read(ParseResult parsed)
    {
        var named = parsed.GetValue(user)
            ?? CredentialVariables.Select(Environment.GetEnvironmentVariable).FirstOrDefault(value => !string.IsNullOrEmpty(value));
        if (parsed.GetValue(key) is not null && parsed.GetValue(certificate) is null)
        {
            throw new ToolException("--key-file goes with --cert-file", ExitCode.Usage);
        }
        return new ClientAccess(string.IsNullOrEmpty(named) ? null : Credentials(named), new TlsOptions
        {
            Authorities = parsed.GetValue(authorities) is { } file ? Authorities(file) : null,
            Certificate = parsed.GetValue(certificate) is { } own ? Own(own, parsed.GetValue(key) ?? own) : null,
            Unverified = parsed.GetValue(insecure),
        });
    }

    private static DigestAnswer Credentials(string text)
    {
        if (text.StartsWith('@'))
        {
            text = ReadText(text[1..], "--user").TrimEnd('\r', '\n');
        }
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon == 0 ? throw new ToolException("--user must be USER:PASSWORD, USER or @FILE", ExitCode.Usage)
            : colon > 0 ? new DigestAnswer(text[..colon], text[(colon + 1)..])
            : new DigestAnswer(text, Password.Read($"Password of {text}: "));
    }

    private static X509Certificate2Collection Authorities(string file)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(ReadText(file, "--ca-cert-file"));
        }
        catch (CryptographicException fault)
        {
            throw new ToolException($"--ca-cert-file {file}: expected certificates in PEM: {fault.Message}");
        }
        return found.Count > 0 ? found : throw new ToolException($"--ca-cert-file {file}: there is no certificate in PEM in it");
    }

    private static X509Certificate2 Own(string file, string keyFile)
    {
        try
        {
            return X509Certificate2.CreateFromPem(ReadText(file, "--cert-file"), ReadText(keyFile, "--key-file"));
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw new ToolException($"--cert-file {file}: expected a certificate and its key in PEM: {fault.Message}");
        }
    }

    private static string ReadText(string file, string option)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"{option} {file}: {fault.Message}");
        }
    }
}
