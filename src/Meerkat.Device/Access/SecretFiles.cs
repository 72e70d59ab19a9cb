using System.Collections.Concurrent;
using Meerkat.Device.Configuration;

namespace Meerkat.Device.Access;

/// <summary>
/// The files that no call may read: passwords and private keys, by the settings that name them, or have named them since the agent
/// started.
/// </summary>
internal sealed class SecretFiles
{
    private static readonly string[] Settings = ["http.auth_file", "rpc.auth_file", "http.ssl_key", "update.ssl_client_cert_file"];

    private readonly ConcurrentDictionary<string, string> named = new(StringComparer.Ordinal);

    public SecretFiles(ConfigStore config)
    {
        Add(config);
        config.Changed += (_, _) => Add(config);
    }

    /// <summary>The setting for which a path holds secrets, or lies above some; nothing when it may be read.</summary>
    /// <param name="plain">Below the file system, without slashes at its ends.</param>
    public string? SettingOf(string plain) => named
        .Where(file => file.Key == plain || file.Key.StartsWith(plain + "/", StringComparison.Ordinal))
        .Select(file => file.Value).FirstOrDefault();

    private void Add(ConfigStore config)
    {
        var values = config.Values;
        foreach (var setting in Settings)
        {
            Name(values.Text(setting), setting);
        }
        if (values.Text("http.ssl_key").Length == 0)
        {
            // The key is in the certificate's file.
            Name(values.Text("http.ssl_cert"), "http.ssl_cert");
        }
    }

    private void Name(string file, string setting)
    {
        if (file.Trim('/') is { Length: > 0 } plain)
        {
            named[plain] = setting;
        }
    }
}
