using System.Text.Json.Nodes;

namespace Meerkat.Tool.Devices;

/// <summary>Why a device left a slot.</summary>
/// <param name="Text">In words.</param>
/// <param name="Slot">The slot that was left.</param>
/// <param name="Version">The version in it.</param>
/// <param name="Time">When, as the device's clock said.</param>
/// <param name="Json">All the device told.</param>
internal sealed record FallBackReason(string Text, int? Slot, string? Version, string? Time, JsonObject Json)
{
    /// <summary>Whether this is another event than <paramref name="other"/>, which was read earlier.</summary>
    public bool IsNewerThan(FallBackReason? other) => other is null || !JsonNode.DeepEquals(Json, other.Json);
}
