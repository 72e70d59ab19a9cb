using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using Meerkat.Core.Protocol;

namespace Meerkat.Rpc.Channels;

/// <summary>
/// Keeps a call that a datagram or a broker delivers twice from being performed twice: the same id of the same caller for the same method
/// and arguments within two seconds gets the answer of the first. Calls that do no harm twice go through, and so does one that was told to come again
/// with credentials.
/// </summary>
public sealed class RecentCalls(TimeProvider time)
{
    private const int Most = 64;

    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private readonly Dictionary<Key, Call> calls = [];
    private readonly Queue<(Key Key, long Begun)> order = [];

    /// <param name="frame">What came.</param>
    /// <param name="caller">Who sent it.</param>
    /// <param name="send">Sends an answer.</param>
    /// <param name="perform">Performs the call, and sends its answer through what it is given.</param>
    public void Take(
        RpcFrame frame, string caller, Func<RpcResponse, ValueTask> send, Action<RpcFrame, Func<RpcResponse, ValueTask>> perform)
    {
        if (frame is not RpcFrame.Request({ IsNotification: false } request) || RepeatableMethods.Has(request.Method))
        {
            perform(frame, send);
            return;
        }
        var arguments = request.Params.ValueKind == JsonValueKind.Undefined ? "" : request.Params.GetRawText();
        var key = new Key(caller, request.Id, request.Method, XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(arguments)));
        Call? earlier;
        lock (gate)
        {
            Forget();
            if (!calls.TryGetValue(key, out earlier))
            {
                calls.Add(key, new Call());
                order.Enqueue((key, time.GetTimestamp()));
            }
        }
        if (earlier is not null)
        {
            // Without an answer it still runs, and its answer is on its way.
            if (earlier.Answer is { } known)
            {
                _ = SendAgainAsync(known, send);
            }
            return;
        }
        perform(frame, response =>
        {
            lock (gate)
            {
                if (response.Outcome is RpcOutcome.Failed({ Code: (int)RpcErrorCode.Unauthenticated or (int)RpcErrorCode.TooManyRequests }))
                {
                    calls.Remove(key);
                }
                else if (calls.TryGetValue(key, out var call))
                {
                    call.Answer = response;
                }
            }
            return send(response);
        });
    }

    private static async Task SendAgainAsync(RpcResponse response, Func<RpcResponse, ValueTask> send)
    {
        try
        {
            await send(response).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Whoever asked is gone.
        }
    }

    private void Forget()
    {
        while (order.TryPeek(out var oldest) && (order.Count >= Most || time.GetElapsedTime(oldest.Begun) > Kept))
        {
            order.Dequeue();
            calls.Remove(oldest.Key);
        }
    }

    private readonly record struct Key(string Caller, RpcId Id, string Method, ulong Arguments);

    private sealed class Call
    {
        public volatile RpcResponse? Answer;
    }
}
