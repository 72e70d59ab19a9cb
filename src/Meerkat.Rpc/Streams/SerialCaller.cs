using System.Globalization;
using Meerkat.Core.Protocol;
using Meerkat.Rpc.Channels;
using Meerkat.Rpc.Client;

namespace Meerkat.Rpc.Streams;

/// <summary>
/// A caller's end of a serial line, as <c>mos</c> does it: a handshake until something comes back, then frames with quotes and checksums, in
/// small pieces with pauses that a microcontroller's buffer bears.
/// </summary>
internal static class SerialCaller
{
    private const int Rate = 115200;
    private const int PieceBytes = 16;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Knock = TimeSpan.FromMilliseconds(200);

    /// <param name="address"><c>serial:///dev/ttyUSB0?baud=115200&amp;piece=16&amp;pause_ms=5</c>; piece 0 is "all at once".</param>
    /// <param name="time">Measures the pauses.</param>
    /// <exception cref="RpcTransportException">A number of the address is none, or a rate that no line has.</exception>
    public static ConnectionPlan Plan(Uri address, TimeProvider time)
    {
        var rate = Number(address, "baud", Rate);
        if (!SerialStream.Rates.Contains(rate))
        {
            throw new RpcTransportException($"{address}: baud must be one of {string.Join(", ", SerialStream.Rates)}, found {rate}");
        }
        var piece = Number(address, "piece", PieceBytes);
        var options = new StreamOptions
        {
            MaxFrameBytes = RpcClient.MaxAnswerBytes,
            Quotes = true,
            Checksum = true,
            PieceBytes = piece > 0 ? piece : int.MaxValue / 2,
            Pause = TimeSpan.FromMilliseconds(Number(address, "pause_ms", (int)Pause.TotalMilliseconds)),
            Time = time,
        };
        return new ConnectionPlan(address.AbsolutePath, token => ConnectAsync(address, rate, options, token)) { Time = time };
    }

    private static async Task<IFrameConnection> ConnectAsync(Uri address, int rate, StreamOptions options, CancellationToken cancellationToken)
    {
        SerialStream line;
        try
        {
            line = SerialStream.Open(address.AbsolutePath, rate, softwareFlow: false, hardwareFlow: false);
        }
        catch (IOException fault)
        {
            throw new RpcTransportException($"cannot open {fault.Message}", fault) { NotReached = true };
        }
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var empty = 0;
        var connection = new StreamConnection(line, options with
        {
            OnProbe = item =>
            {
                if (item is StreamItem.Probe || ++empty == 2)
                {
                    answered.TrySetResult();
                }
            },
        });
        try
        {
            // The frames that come meanwhile are answers to nobody.
            using var listening = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var heard = connection.ReceiveAsync(listening.Token).AsTask();
            while (!answered.Task.IsCompleted)
            {
                await connection.ProbeAsync(cancellationToken).ConfigureAwait(false);
                var first = await Task.WhenAny(answered.Task, heard, Task.Delay(Knock, options.Time, cancellationToken)).ConfigureAwait(false);
                if (first == heard)
                {
                    if (await heard.ConfigureAwait(false) is null)
                    {
                        throw new RpcTransportException($"{address.AbsolutePath}: the line was closed");
                    }
                    heard = connection.ReceiveAsync(listening.Token).AsTask();
                }
                cancellationToken.ThrowIfCancellationRequested();
            }
            await listening.CancelAsync().ConfigureAwait(false);
            await ((Task)heard).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return connection;
        }
        catch (OperationCanceledException fault)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw new RpcTransportException(
                $"{address.AbsolutePath}: the line is open and nobody answers; is a device connected, at {rate} bits a second?", fault)
            {
                NotReached = true,
            };
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static int Number(Uri address, string name, int standard)
    {
        foreach (var pair in address.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            if (pair.Split('=', 2) is [var key, var value] && key == name)
            {
                return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    ? number
                    : throw new RpcTransportException($"{address}: {name} must be a whole number, found \"{value}\"");
            }
        }
        return standard;
    }
}
