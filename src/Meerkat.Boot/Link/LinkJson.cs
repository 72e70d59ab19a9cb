using System.Text.Json;
using System.Text.Json.Serialization;

namespace Meerkat.Boot.Link;

/// <summary>The JSON of the boot socket.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LinkRequest))]
[JsonSerializable(typeof(LinkReply))]
public sealed partial class LinkJson : JsonSerializerContext;
