using System.Text.Json.Nodes;

namespace Meerkat.Tool.Devices;

/// <summary>Members of a device's answers; what is missing or of another kind is null.</summary>
internal static class JsonValues
{
    extension(JsonNode? node)
    {
        public double? Number => node is JsonValue value && value.TryGetValue<double>(out var number) ? number : null;

        public string? Word => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

        public bool? Flag => node is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;
    }
}
