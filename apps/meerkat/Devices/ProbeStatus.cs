using System.Text.Json.Nodes;

namespace Meerkat.Tool.Devices;

/// <summary>A probe of a health contract.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Kind">What it looks at: <c>http</c>.</param>
/// <param name="Held">Whether its latest run held.</param>
/// <param name="Last">What that run found.</param>
internal sealed record ProbeStatus(string Name, string Kind, bool Held, string Last)
{
    public static ProbeStatus Read(JsonObject json) =>
        new(json["name"].Word ?? "", json["kind"].Word ?? "", json["held"].Flag ?? false, json["last"].Word ?? "");
}
