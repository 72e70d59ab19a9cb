using System.Collections.Concurrent;
using Meerkat.Core.Protocol;
using Meerkat.Rpc.Channels;

namespace Meerkat.Rpc.Client;

/// <summary>
/// Calls over a connection that is made when the first call needs it, and made again when it broke. Answers find their calls by their
/// ids; answers that nobody waits for are dropped; calls that the peer makes are refused with 404.
/// </summary>
public sealed class ConnectionTransport : IRpcTransport
{
    private readonly ConnectionPlan plan;
    private readonly ConcurrentDictionary<RpcId, TaskCompletionSource<RpcResponse>> waiting = [];
    private readonly SemaphoreSlim connecting = new(1, 1);
    private readonly CancellationTokenSource ended = new();
    private IFrameConnection? connection;
    private Task reading = Task.CompletedTask;

    public ConnectionTransport(ConnectionPlan plan) => this.plan = plan;

    public string Address => plan.Address;

    public string Source => plan.Source;

    public string? Destination => plan.Destination;

    public async Task<RpcResponse> ExchangeAsync(RpcRequest request, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<RpcResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!waiting.TryAdd(request.Id, answer))
        {
            throw new InvalidOperationException($"call {request.Id} is under way");
        }
        try
        {
            var open = await ConnectedAsync(cancellationToken).ConfigureAwait(false);
            await SendAsync(open, request, cancellationToken).ConfigureAwait(false);
            if (plan.SendAgain is not { } pause || !RepeatableMethods.Has(request.Method))
            {
                return await answer.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            while (true)
            {
                try
                {
                    return await answer.Task.WaitAsync(pause, plan.Time, cancellationToken).ConfigureAwait(false);
                }
                catch (TimeoutException)
                {
                    await SendAsync(open, request, cancellationToken).ConfigureAwait(false);
                    pause *= 2;
                }
            }
        }
        finally
        {
            waiting.TryRemove(request.Id, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (ended.IsCancellationRequested)
        {
            return;
        }
        await ended.CancelAsync().ConfigureAwait(false);
        if (connection is { } open)
        {
            await open.DisposeAsync().ConfigureAwait(false);
        }
        await reading.ConfigureAwait(false);
        ended.Dispose();
        connecting.Dispose();
    }

    private async Task SendAsync(IFrameConnection open, RpcRequest request, CancellationToken cancellationToken)
    {
        try
        {
            await open.SendAsync(request.ToUtf8(), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            throw new RpcTransportException($"lost the connection to {Address}: {fault.Message}", fault);
        }
    }

    private async Task<IFrameConnection> ConnectedAsync(CancellationToken cancellationToken)
    {
        await connecting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (connection is { } open && !reading.IsCompleted)
            {
                return open;
            }
            if (connection is { } broken)
            {
                connection = null;
                await broken.DisposeAsync().ConfigureAwait(false);
            }
            var made = await ConnectAsync(cancellationToken).ConfigureAwait(false);
            connection = made;
            reading = ReadAsync(made);
            return made;
        }
        finally
        {
            connecting.Release();
        }
    }

    /// <summary>A device that restarts refuses connections for a while; the call's time-out says how long to bear that.</summary>
    private async Task<IFrameConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        RpcTransportException? refusal = null;
        while (true)
        {
            try
            {
                return await plan.Connect(cancellationToken).ConfigureAwait(false);
            }
            catch (RpcTransportException fault) when (fault.NotReached && plan.ConnectAgain is not null)
            {
                refusal = fault;
            }
            catch (OperationCanceledException) when (refusal is not null)
            {
                throw refusal;
            }
            try
            {
                await Task.Delay(plan.ConnectAgain.Value, plan.Time, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Why it was not reached says more than that the time is over.
                throw refusal;
            }
        }
    }

    private async Task ReadAsync(IFrameConnection open)
    {
        try
        {
            while (await open.ReceiveAsync(ended.Token).ConfigureAwait(false) is { } utf8)
            {
                switch (RpcFrame.Parse(utf8, RpcClient.MaxAnswerBytes))
                {
                    case RpcFrame.Response(var response):
                        if (waiting.TryRemove(response.Id, out var answer))
                        {
                            answer.TrySetResult(response);
                        }
                        break;
                    case RpcFrame.Request({ IsNotification: false } request):
                        await open.SendAsync(Refusal(request).ToUtf8(), ended.Token).ConfigureAwait(false);
                        break;
                    default:
                        break;
                }
            }
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Told to those that wait, below.
        }
        foreach (var id in waiting.Keys)
        {
            if (waiting.TryRemove(id, out var answer))
            {
                answer.TrySetException(new RpcTransportException($"{Address} closed the connection before it answered"));
            }
        }
    }

    private static RpcResponse Refusal(RpcRequest request) => RpcResponse.To(
        request,
        new RpcOutcome.Failed(new RpcError(RpcErrorCode.NotFound, $"Method [{request.Method}] not found")),
        "");
}
