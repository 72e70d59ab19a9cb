using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Rpc;

namespace Meerkat.Fuzz.Targets;

/// <summary>Calls: a frame through the dispatcher to a method that reads its arguments in every way there is.</summary>
internal sealed class CallTarget : Target
{
    private static readonly JsonMutations Json = new([.. FrameTarget.Words, "text", "required", "number", "flag", "bytes", "tree", "name"]);
    private static readonly RpcPeer Peer = new("HTTP", "192.0.2.1:5");

    private readonly RpcDispatcher calls = new(TimeProvider.System) { DeviceId = "d", MaxFrameBytes = MostBytes };
    private (string Method, Exception Fault)? fault;

    public CallTarget()
    {
        calls.OnFault = (method, thrown) => fault = (method, thrown);
        calls.Add("Probe", "{text: %Q}", "Gives back what it was given", (call, _) => Task.FromResult<JsonNode?>(Probe(call.Arguments)));
    }

    public override string Name => "call";

    public override MemoryBound Memory => new(512 << 10, 96);

    public override byte[] Generate(Random chance) => new RpcRequest(new RpcId(chance.Next()), chance.Pick(["Probe", "probe", "RPC.List", "RPC.Ping"]))
    {
        Params = JsonElement.Parse(chance.Pick([
            """{"required":"r","text":"a","number":10,"flag":true,"bytes":"AAAA","tree":{"a":[1]}}""",
            """{"required":"r","number":"-0x10","flag":"0","bytes":""}""",
            """{"required":"\u00e4","text":null,"flag":1}"""])),
    }.ToUtf8();

    public override byte[] Mutate(byte[] input, byte[] other, Random chance) => Json.Mutate(input, other, chance);

    public override object? Parse(byte[] input)
    {
        fault = null;
        var taken = calls.TakeAsync(input, Peer, CancellationToken.None);
        FindingException.Unless(taken.IsCompleted, "a method that waits for nothing has not ended");
        return taken.GetAwaiter().GetResult();
    }

    public override bool Accepted(object? parsed) => parsed is RpcReply.Answer { Response.Outcome: RpcOutcome.Succeeded };

    public override void Examine(byte[] input, object? parsed)
    {
        if (fault is var (method, thrown))
        {
            throw new FindingException($"{method} failed with what is no refusal: {thrown}");
        }
        if (parsed is RpcReply.Refusal(var reason))
        {
            FindingException.Unless(reason.Length is > 0 and < 2000, "a refusal without words, or with too many");
        }
        if (parsed is RpcReply.Answer(var response))
        {
            var wire = response.ToUtf8();
            FindingException.Unless(
                RpcFrame.Parse(wire, int.MaxValue) is RpcFrame.Response(var again) && again.Id == response.Id, "the answer is no frame, or one to another call");
        }
    }

    private static JsonObject Probe(RpcArguments arguments) => new()
    {
        ["required"] = arguments.RequiredText("required"),
        ["text"] = arguments.Text("text"),
        ["number"] = arguments.WholeNumber("number", -1000, 1L << 40),
        ["flag"] = arguments.Flag("flag"),
        ["bytes"] = arguments.Bytes("bytes") is { } bytes ? Convert.ToBase64String(bytes) : null,
        ["tree"] = arguments.Has("tree") ? JsonNode.Parse(arguments["tree"].GetRawText()) : null,
    };
}
