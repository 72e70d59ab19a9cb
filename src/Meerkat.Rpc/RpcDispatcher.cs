using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;

namespace Meerkat.Rpc;

/// <summary>
/// Takes frames of any channel and lets the registered methods answer them. Brings <c>RPC.List</c>, <c>RPC.Describe</c> and
/// <c>RPC.Ping</c>. Methods are added before the first call; calls may then come from any thread at once.
/// </summary>
public sealed class RpcDispatcher
{
    private readonly TimeProvider time;
    private readonly Dictionary<string, RpcMethod> methods = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> names = [];
    private long restartsAtUtcTicks;

    public RpcDispatcher(TimeProvider time)
    {
        this.time = time;
        Add("RPC.List", "", "Names of all methods, the newest first", (_, _) => Result(List()));
        Add("RPC.Describe", "{name: %Q}", "What arguments a method takes", (call, _) => Result(DescribeMethod(call.Arguments)));
        Add("RPC.Ping", "", "Answers with the caller's address", (call, _) => Result(Ping(call.Peer)));
    }

    /// <summary>Measures what its channels wait for, too.</summary>
    public TimeProvider Time => time;

    /// <summary>The longest frame taken, in bytes: <c>rpc.max_frame_size</c>.</summary>
    public int MaxFrameBytes { get; set; } = 65536;

    /// <summary>
    /// The device's own id: the source of answers, and what a frame's <c>dst</c> must be. While it is empty every destination is taken.
    /// </summary>
    public string DeviceId { get; set; } = "";

    /// <summary>Told of every handler that failed with anything but <see cref="RpcException"/>: the method and what was thrown.</summary>
    public Action<string, Exception>? OnFault { get; set; }

    /// <summary>Told of every call to a method that exists: its name as listed, the outcome and how long it took.</summary>
    public Action<string, RpcOutcome, TimeSpan>? OnCalled { get; set; }

    /// <summary>Asked before every call: why it is refused, null when it may be made. Null: every call may.</summary>
    public Func<RpcAccessQuestion, RpcError?>? Access { get; set; }

    /// <exception cref="ArgumentException">A method of that name exists.</exception>
    public void Add(string name, string argumentsFormat, string? description, RpcHandler handler)
    {
        methods.Add(name, new RpcMethod(name, argumentsFormat, description, handler));
        names.Add(name);
    }

    /// <summary>
    /// From now on every call fails with 418 <c>shutting down in N ms</c>, because what it does might be lost in the restart.
    /// </summary>
    /// <param name="delay">When the restart comes, from now.</param>
    public void LockOut(TimeSpan delay) =>
        Interlocked.Exchange(ref restartsAtUtcTicks, (time.GetUtcNow() + delay).UtcTicks);

    /// <summary>Takes calls again: the restart was called off.</summary>
    public void Unlock() => Interlocked.Exchange(ref restartsAtUtcTicks, 0);

    /// <summary>Whether a frame is meant for this device.</summary>
    public bool IsForUs(RpcRequest request) =>
        string.IsNullOrEmpty(request.Destination) || DeviceId.Length == 0 || request.Destination == DeviceId;

    /// <summary>Takes the bytes of one frame from a channel.</summary>
    public Task<RpcReply> TakeAsync(ReadOnlyMemory<byte> frame, RpcPeer peer, CancellationToken cancellationToken) =>
        TakeAsync(RpcFrame.Parse(frame.Span, MaxFrameBytes), peer, cancellationToken);

    /// <summary>Takes one frame from a channel.</summary>
    public async Task<RpcReply> TakeAsync(RpcFrame frame, RpcPeer peer, CancellationToken cancellationToken)
    {
        switch (frame)
        {
            case RpcFrame.Request(var request) when IsForUs(request):
                var refused = Refusal(new RpcAccessQuestion(request.Method, peer, request.Auth));
                var outcome = refused ?? await InvokeAllowedAsync(request.Method, request.Params, peer, cancellationToken).ConfigureAwait(false);
                return request.IsNotification
                    ? new RpcReply.Silence(refused?.Error)
                    : new RpcReply.Answer(RpcResponse.To(request, outcome, DeviceId));
            case RpcFrame.Request(var request):
                return new RpcReply.Refusal($"the frame is for \"{request.Destination}\", this is \"{DeviceId}\"");
            case RpcFrame.Response:
                return new RpcReply.Refusal("the frame names no method");
            case RpcFrame.Rejected(var reason):
                return new RpcReply.Refusal(reason);
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>Performs one call without a frame, as <c>/rpc/METHOD</c> does.</summary>
    /// <param name="method">The name, in any case.</param>
    /// <param name="arguments">An object, or <see cref="JsonValueKind.Undefined"/> for none.</param>
    /// <param name="peer">Who calls.</param>
    /// <param name="cancellationToken">Ends the call without an answer.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<RpcOutcome> InvokeAsync(
        string method, JsonElement arguments, RpcPeer peer, CancellationToken cancellationToken) =>
        Refusal(new RpcAccessQuestion(method, peer, default)) is { } refused
            ? refused
            : await InvokeAllowedAsync(method, arguments, peer, cancellationToken).ConfigureAwait(false);

    /// <summary>The order of specification 7.1: the restart that is under way, the right to call, the method.</summary>
    private RpcOutcome.Failed? Refusal(RpcAccessQuestion question)
    {
        if (Interlocked.Read(ref restartsAtUtcTicks) is not 0 and var ticks)
        {
            var left = Math.Max(0, (new DateTimeOffset(ticks, TimeSpan.Zero) - time.GetUtcNow()).TotalMilliseconds);
            return Failed(RpcErrorCode.ShuttingDown, string.Create(CultureInfo.InvariantCulture, $"shutting down in {left:0} ms"));
        }
        return Access?.Invoke(question) is { } refused ? new RpcOutcome.Failed(refused) : null;
    }

    private async Task<RpcOutcome> InvokeAllowedAsync(
        string method, JsonElement arguments, RpcPeer peer, CancellationToken cancellationToken)
    {
        if (!methods.TryGetValue(method, out var found))
        {
            return Failed(RpcErrorCode.NotFound, $"No handler for {method}");
        }
        using var span = Tracing.Source.StartActivity(found.Name);
        var begun = time.GetTimestamp();
        var outcome = await PerformAsync(found, arguments, peer, cancellationToken).ConfigureAwait(false);
        if (outcome is RpcOutcome.Failed(var error))
        {
            span?.SetTag("rpc.response.status_code", error.Code).SetStatus(ActivityStatusCode.Error, error.Message);
        }
        OnCalled?.Invoke(found.Name, outcome, time.GetElapsedTime(begun));
        return outcome;
    }

    private async Task<RpcOutcome> PerformAsync(
        RpcMethod found, JsonElement arguments, RpcPeer peer, CancellationToken cancellationToken)
    {
        try
        {
            var call = new RpcCall(found.Name, new RpcArguments(arguments), peer);
            return new RpcOutcome.Succeeded(await found.Handler(call, cancellationToken).ConfigureAwait(false));
        }
        catch (RpcException e)
        {
            return new RpcOutcome.Failed(e.Error);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            OnFault?.Invoke(found.Name, e);
            return Failed(RpcErrorCode.Internal, e.Message);
        }
    }

    private static RpcOutcome.Failed Failed(RpcErrorCode code, string message) => new(new RpcError(code, message));

    private static Task<JsonNode?> Result(JsonNode result) => Task.FromResult<JsonNode?>(result);

    private static JsonObject Ping(RpcPeer peer) => new() { ["channel_info"] = peer.Address };

    private JsonArray List()
    {
        var list = new JsonArray();
        foreach (var name in Enumerable.Reverse(names))
        {
            list.Add((JsonNode)name);
        }
        return list;
    }

    private JsonObject DescribeMethod(RpcArguments arguments)
    {
        var name = arguments.RequiredText("name");
        if (!methods.TryGetValue(name, out var method))
        {
            throw new RpcException(RpcErrorCode.NotFound, "name not found");
        }
        var description = new JsonObject { ["name"] = method.Name, ["args_fmt"] = method.ArgumentsFormat };
        if (method.Description is not null)
        {
            description["description"] = method.Description;
        }
        return description;
    }
}
