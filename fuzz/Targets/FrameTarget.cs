using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;

namespace Meerkat.Fuzz.Targets;

/// <summary>RPC frames by themselves: requests, responses, and what is neither.</summary>
internal sealed class FrameTarget : Target
{
    public static readonly string[] Words =
        ["id", "method", "params", "args", "src", "dst", "tag", "auth", "error", "code", "message", "data", "result", "RPC.List", "Probe", "007", ""];

    private static readonly JsonMutations Json = new(Words);

    public override string Name => "frame";

    public override MemoryBound Memory => new(256 << 10, 64);

    public override byte[] Generate(Random chance) => chance.Next(3) switch
    {
        0 => new RpcResponse(Id(chance), new RpcOutcome.Failed(new RpcError(chance.Next(), "no", new JsonArray(1, "x")))) { Tag = "t" }.ToUtf8(),
        1 => new RpcResponse(Id(chance), new RpcOutcome.Succeeded(new JsonObject { ["a"] = 1 })) { Source = "d", Destination = "c" }.ToUtf8(),
        _ => new RpcRequest(chance.Next(3) == 0 ? RpcId.None : Id(chance), chance.Pick(["RPC.List", "Probe"]))
        {
            Params = JsonElement.Parse("""{"text":"a","number":"0x10","flag":true,"bytes":"AAAA"}"""u8),
            Source = chance.Next(2) == 0 ? "c" : null,
            Destination = chance.Next(2) == 0 ? "d" : null,
            Tag = chance.Next(2) == 0 ? "t" : null,
            Auth = chance.Next(4) == 0 ? JsonElement.Parse("{}"u8) : default,
        }.ToUtf8(),
    };

    public override byte[] Mutate(byte[] input, byte[] other, Random chance) => Json.Mutate(input, other, chance);

    public override object? Parse(byte[] input) => RpcFrame.Parse(input, MostBytes);

    public override bool Accepted(object? parsed) => parsed is not RpcFrame.Rejected;

    public override void Examine(byte[] input, object? parsed)
    {
        switch ((RpcFrame)parsed!)
        {
            case RpcFrame.Rejected(var reason):
                FindingException.Unless(reason.Length is > 0 and < 2000, "a refusal without words, or with too many");
                break;
            case RpcFrame.Request(var request):
                FindingException.Unless(
                    RpcFrame.Parse(request.ToUtf8(), int.MaxValue) is RpcFrame.Request(var again) && Same(again, request), "a request that is another when sent on");
                break;
            case RpcFrame.Response(var response):
                FindingException.Unless(
                    RpcFrame.Parse(response.ToUtf8(), int.MaxValue) is RpcFrame.Response(var told)
                    && told.ToUtf8().AsSpan().SequenceEqual(response.ToUtf8()),
                    "a response that is another when sent on");
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private static RpcId Id(Random chance) => new(chance.NextInt64());

    private static bool Same(RpcRequest one, RpcRequest other) =>
        (one.Id, one.Method, one.Source ?? "", one.Destination ?? "", one.Tag ?? "")
            == (other.Id, other.Method, other.Source ?? "", other.Destination ?? "", other.Tag ?? "")
        && Same(one.Params, other.Params) && Same(one.Auth, other.Auth);

    private static bool Same(JsonElement one, JsonElement other) =>
        one.ValueKind == other.ValueKind && (one.ValueKind == JsonValueKind.Undefined || JsonElement.DeepEquals(one, other));
}
