using System.Text.Json.Nodes;

namespace Meerkat.Core.Protocol;

/// <summary>The <c>error</c> member of an answer.</summary>
/// <param name="Code">For machines; see <see cref="RpcErrorCode"/>. Devices may send other numbers.</param>
/// <param name="Message">For people; older devices leave it out.</param>
/// <param name="Data">Optional detail for machines; not in the original protocol, ignored by its clients.</param>
public sealed record RpcError(int Code, string? Message, JsonNode? Data = null)
{
    public RpcError(RpcErrorCode code, string? message, JsonNode? data = null)
        : this((int)code, message, data)
    {
    }

    /// <summary>An error with code 0 means success (specification 7.1).</summary>
    public bool MeansSuccess => Code == 0;

    /// <summary>The object <c>{"code":…,"message":…,"data":…}</c>, the body of a REST-style error answer.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["code"] = Code };
        if (Message is not null)
        {
            json["message"] = Message;
        }
        if (Data is not null)
        {
            json["data"] = Data.DeepClone();
        }
        return json;
    }
}
