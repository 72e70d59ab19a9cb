using Meerkat.Core.Protocol;

namespace Meerkat.Rpc.Channels;

/// <summary>Answers the calls of one connection until it ends.</summary>
public static class FrameServing
{
    /// <param name="connection">Disposed of by the caller.</param>
    /// <param name="calls">Performs the calls.</param>
    /// <param name="peer">Who is at the other end.</param>
    /// <param name="queueLength">Calls at once.</param>
    /// <param name="onFrame">Told of every frame: the connection lives.</param>
    /// <param name="stopping">Ends the serving.</param>
    public static async Task RunAsync(
        IFrameConnection connection, RpcDispatcher calls, RpcPeer peer, int queueLength, Action? onFrame, CancellationToken stopping)
    {
        // Calls that wait for something end with the connection: nobody could be told.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var queue = new CallQueue(calls, queueLength, ending.Token);
        try
        {
            while (await connection.ReceiveAsync(stopping).ConfigureAwait(false) is { } utf8)
            {
                onFrame?.Invoke();
                await queue.TakeAsync(
                    RpcFrame.Parse(utf8, calls.MaxFrameBytes),
                    peer,
                    response => connection.SendAsync(response.ToUtf8(), ending.Token)).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The program ends.
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
        }
    }
}
