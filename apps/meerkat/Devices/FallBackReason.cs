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
    /// <summary>In words, with the slot that was left, its version and the time.</summary>
    public string Described
    {
        get
        {
            var from = string.Join(" ", new[] { Version, Slot is { } slot ? $"in slot {slot}" : null }.Where(word => word is not null));
            var what = from.Length > 0 ? $"{Text} ({from})" : Text;
            return Time is { Length: > 0 } time ? $"{what}, {time}" : what;
        }
    }

    /// <summary>Whether this is another event than <paramref name="other"/>, which was read earlier.</summary>
    public bool IsNewerThan(FallBackReason? other) => other is null || !JsonNode.DeepEquals(Json, other.Json);
}
