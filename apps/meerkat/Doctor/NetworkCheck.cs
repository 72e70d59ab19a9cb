using System.Net;
using Meerkat.Core.Access;

namespace Meerkat.Tool.Doctor;

/// <summary>Whether whoever reaches the device can update it.</summary>
internal static class NetworkCheck
{
    public const string Name = "network";

    public static IEnumerable<Finding> Judge(NetworkFacts facts)
    {
        if (!facts.Enabled)
        {
            yield return new Finding(Name, FindingState.Ok, "http.enable is false: the device cannot be reached by HTTP");
            yield break;
        }
        if (ListenAddress.Parse(facts.ListenAddress) is not ListenAddress.Parsed configured)
        {
            yield return new Finding(
                Name, FindingState.Problem, $"http.listen_addr is \"{facts.ListenAddress}\", which is no address", "set it to 127.0.0.1:8080 or :80");
            yield break;
        }
        yield return Exposure(facts, configured);
        var there = facts.Listening.Where(socket => socket.Port == configured.Port).ToList();
        if (facts.Running && configured.Port != 0 && there.Count == 0)
        {
            yield return new Finding(
                Name, FindingState.Problem, $"the device runs and nothing listens on port {configured.Port}",
                "look into log/agent.log; http.* takes effect when the agent starts again");
        }
        else if (IsLoopback(configured.Address) && there.FirstOrDefault(socket => !IsLoopback(socket.Address)) is { } open)
        {
            yield return new Finding(
                Name, FindingState.Warning, $"http.listen_addr is {facts.ListenAddress}, and {open} listens on the same port",
                "restart the device if the setting is new; else see whose it is: ss -ltnp");
        }
    }

    private static Finding Exposure(NetworkFacts facts, ListenAddress.Parsed configured) => facts switch
    {
        _ when IsLoopback(configured.Address) => new Finding(
            Name, FindingState.Ok, $"{facts.ListenAddress} can be reached from this machine only"),
        { Credentials: true, Tls: true } => new Finding(Name, FindingState.Ok, $"{facts.ListenAddress}, with credentials and TLS"),
        { Credentials: true } => new Finding(
            Name, FindingState.Warning, $"{facts.ListenAddress} asks for credentials, without TLS: settings and bundles can be read on the way",
            "configure a certificate, or put the device behind what has one"),
        { Signatures: true } => new Finding(
            Name, FindingState.Warning,
            $"{facts.ListenAddress} asks for no credentials: whoever reaches it can change settings and files; only signed bundles are installed",
            "configure credentials, or put the device behind what asks for them"),
        _ => new Finding(
            Name, FindingState.Problem, $"{facts.ListenAddress} asks for nothing: whoever reaches it can replace the firmware",
            "require credentials or signatures (docs/access.md), or set http.listen_addr=127.0.0.1:8080"),
    };

    private static bool IsLoopback(IPAddress? address) => address is not null && IPAddress.IsLoopback(address);
}
