using System.Globalization;
using Meerkat.Core.Protocol;
using Meerkat.Device.Updates;

namespace Meerkat.Device;

/// <summary>
/// An update that comes in pieces by <c>OTA.Begin</c>, <c>OTA.Write</c> and <c>OTA.End</c>. A caller that stops sending loses it when
/// nothing new came for the time it named.
/// </summary>
public sealed class PushedUpdate(UpdateRunner runner, TimeProvider time) : IDisposable
{
    private readonly Lock gate = new();
    private ITimer? inactivity;
    private UpdateSession? session;
    private UpdateResult? result;
    private TimeSpan limit;
    private long? size;

    /// <exception cref="RpcException">-1: another update runs, or the device is in no state for one.</exception>
    public void Begin(UpdateOptions options, TimeSpan inactivityLimit)
    {
        lock (gate)
        {
            switch (runner.Begin(options))
            {
                case UpdateBegin.Started started:
                    EndSession();
                    session = started.Session;
                    result = null;
                    limit = inactivityLimit;
                    size = options.AnnouncedBytes;
                    inactivity = time.CreateTimer(_ => GiveUp(), null, limit, Timeout.InfiniteTimeSpan);
                    break;
                case UpdateBegin.Refused refused:
                    throw new RpcException(RpcErrorCode.Failed, refused.Text);
                default:
                    throw new System.Diagnostics.UnreachableException();
            }
        }
    }

    /// <exception cref="RpcException">No update was begun, the piece does not fit, or the update has failed.</exception>
    public void Write(long offset, ReadOnlySpan<byte> piece)
    {
        lock (gate)
        {
            if (session is null && result is null)
            {
                throw NotBegun();
            }
            if (result is not null)
            {
                Demand(result);
                return;
            }
            switch (PieceFit.Of(session!.ReceivedBytes, offset, piece.Length))
            {
                case PieceFit.Known:
                    return;
                case PieceFit.Take(var skip):
                    inactivity?.Change(limit, Timeout.InfiniteTimeSpan);
                    if (session.Write(piece[skip..]) is { } ended)
                    {
                        result = ended;
                        EndSession();
                        Demand(ended);
                    }
                    return;
                case PieceFit.Gap:
                    throw new RpcException(
                        RpcErrorCode.Failed,
                        Invariant($"expected the piece at offset {session.ReceivedBytes}, found offset {offset}: bytes between them are missing"));
                default:
                    throw new System.Diagnostics.UnreachableException();
            }
        }
    }

    /// <summary>Finishes the update, or gives up one whose bytes are not all there.</summary>
    /// <exception cref="RpcException">No update was begun, or it failed.</exception>
    public UpdateResult End()
    {
        lock (gate)
        {
            if (session is { } open)
            {
                var missing = size - open.ReceivedBytes;
                result = missing > 0
                    ? open.Abort(Invariant($"Update aborted: {open.ReceivedBytes} of {size} bytes received, {missing} missing"))
                    : open.Complete();
                EndSession();
            }
            // A success is told again until the next update begins: the answer to the first OTA.End may have been lost.
            var ended = result ?? throw NotBegun();
            result = ended.Succeeded ? ended : null;
            Demand(ended);
            return ended;
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            EndSession();
        }
    }

    private void GiveUp()
    {
        lock (gate)
        {
            if (session is not null)
            {
                result = session.Abort(Invariant($"Update timed out: no piece came for {limit.TotalSeconds:0} s"));
                EndSession();
            }
        }
    }

    private void EndSession()
    {
        inactivity?.Dispose();
        inactivity = null;
        session?.Dispose();
        session = null;
    }

    private static void Demand(UpdateResult ended)
    {
        if (!ended.Succeeded)
        {
            throw new RpcException(new RpcError(ended.Code, Invariant($"{ended.Code} {ended.Message}")));
        }
    }

    private static RpcException NotBegun() => new(RpcErrorCode.Failed, "no update was begun; call OTA.Begin first");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
