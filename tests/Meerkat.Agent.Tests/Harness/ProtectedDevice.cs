using System.Text.Json.Nodes;
using Meerkat.Core.Access;

namespace Meerkat.Agent.Tests.Harness;

/// <summary>A device with the user admin, whose password is secret.</summary>
public sealed class ProtectedDevice : IAsyncLifetime
{
    public RunningDevice Running { get; } = new() { Prepare = Protect };

    public string Url => $"http://127.0.0.1:{Running.Port}";

    public ValueTask InitializeAsync() => Running.InitializeAsync();

    public ValueTask DisposeAsync() => Running.DisposeAsync();

    internal static void Protect(DeviceFolder folder)
    {
        folder.Set("http", new JsonObject { ["auth_domain"] = "RPC", ["auth_file"] = "/pw.txt" });
        folder.Set("update", new JsonObject { ["ssl_client_cert_file"] = "keys/server.key" });
        Directory.CreateDirectory(folder.InSlot("keys"));
        File.WriteAllText(folder.InSlot("keys/server.key"), "secret");
        File.WriteAllText(folder.InSlot("pw.txt"), $"admin:RPC:{DigestScheme.UserHash(DigestAlgorithm.Sha256, "admin", "RPC", "secret")}\n");
    }
}
