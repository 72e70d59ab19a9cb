using System.Threading.Channels;
using Meerkat.Core.Protocol;

namespace Meerkat.Rpc.Channels;

/// <summary>
/// The calls of one channel: begun in the order in which they came, performed side by side, at most so many at once
/// (<c>rpc.max_queue_length</c>), so that a long update does not keep the caller from asking how it goes.
/// </summary>
/// <param name="calls">Performs them.</param>
/// <param name="length">At most so many at once.</param>
/// <param name="stopping">Ends those that run, without an answer.</param>
public sealed class CallQueue(RpcDispatcher calls, int length, CancellationToken stopping)
{
    private readonly Channel<bool> places = Places(length);

    /// <summary>No call runs.</summary>
    public bool IsEmpty => places.Reader.Count == length;

    /// <summary>For channels that can wait: returns when the call has begun, so that no more is read than can be done.</summary>
    /// <param name="frame">What came.</param>
    /// <param name="peer">Who sent it.</param>
    /// <param name="answer">Sends the answer. What it throws is dropped: the caller is gone.</param>
    public async Task TakeAsync(RpcFrame frame, RpcPeer peer, Func<RpcResponse, ValueTask> answer)
    {
        await places.Reader.ReadAsync(stopping).ConfigureAwait(false);
        _ = PerformAsync(frame, peer, answer);
    }

    /// <summary>For channels that cannot wait: a call too many is answered with 429.</summary>
    public void TakeOrRefuse(RpcFrame frame, RpcPeer peer, Func<RpcResponse, ValueTask> answer)
    {
        if (places.Reader.TryRead(out _))
        {
            _ = PerformAsync(frame, peer, answer);
        }
        else if (frame is RpcFrame.Request({ IsNotification: false } request))
        {
            var refusal = new RpcError(RpcErrorCode.TooManyRequests, "Request queue overflow");
            _ = SendAsync(RpcResponse.To(request, new RpcOutcome.Failed(refusal), calls.DeviceId), answer);
        }
    }

    private static Channel<bool> Places(int length)
    {
        var places = Channel.CreateUnbounded<bool>();
        for (var place = 0; place < length; place++)
        {
            places.Writer.TryWrite(true);
        }
        return places;
    }

    private async Task PerformAsync(RpcFrame frame, RpcPeer peer, Func<RpcResponse, ValueTask> answer)
    {
        try
        {
            if (await calls.TakeAsync(frame, peer, stopping).ConfigureAwait(false) is RpcReply.Answer(var response))
            {
                await SendAsync(response, answer).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The program ends.
        }
        finally
        {
            places.Writer.TryWrite(true);
        }
    }

    private static async Task SendAsync(RpcResponse response, Func<RpcResponse, ValueTask> answer)
    {
        try
        {
            await answer(response).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Whoever asked is gone.
        }
    }
}
