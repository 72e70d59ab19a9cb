using Meerkat.Core.Protocol;

namespace Meerkat.Rpc.Channels;

/// <summary>Answers the calls of connections.</summary>
/// <param name="calls">Performs the calls.</param>
/// <param name="queueLength">Calls of one connection at once.</param>
public sealed class FrameServing(RpcDispatcher calls, int queueLength)
{
    /// <summary>A connection over which nothing comes for so long, and on which no call runs, is closed; zero: never.</summary>
    public TimeSpan IdleLimit { get; init; }

    /// <summary>Told of every frame: the connection lives.</summary>
    public Action? OnFrame { get; init; }

    /// <summary>Serves one connection until it ends.</summary>
    /// <param name="connection">Disposed of by the caller.</param>
    /// <param name="peer">Who is at the other end.</param>
    /// <param name="stopping">Ends the serving.</param>
    public async Task RunAsync(IFrameConnection connection, RpcPeer peer, CancellationToken stopping)
    {
        // Calls that wait for something end with the connection: nobody could be told.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var queue = new CallQueue(calls, queueLength, ending.Token);
        using var idle = IdleTimer(queue, ending);
        try
        {
            while (await connection.ReceiveAsync(ending.Token).ConfigureAwait(false) is { } utf8)
            {
                idle?.Change(IdleLimit, IdleLimit);
                OnFrame?.Invoke();
                await queue.TakeAsync(
                    RpcFrame.Parse(utf8, calls.MaxFrameBytes),
                    peer,
                    response => connection.SendAsync(response.ToUtf8(), ending.Token)).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // Silent for too long, or the program ends.
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
        }
    }

    private ITimer? IdleTimer(CallQueue queue, CancellationTokenSource ending) => IdleLimit <= TimeSpan.Zero ? null : calls.Time.CreateTimer(
        _ =>
        {
            if (queue.IsEmpty)
            {
                ending.Cancel();
            }
        },
        null,
        IdleLimit,
        IdleLimit);
}
