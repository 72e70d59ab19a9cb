using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>Connections that are kept open and sent a little now and then, until they are let go.</summary>
internal sealed class HeldConnections : IDisposable
{
    private readonly ConcurrentBag<Socket> sockets = [];

    public int Open => sockets.Count(socket => socket.Connected && !(socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0));

    public void Add(Socket socket) => sockets.Add(socket);

    /// <summary>Sends more on every connection that still stands and takes it.</summary>
    public async Task TrickleAsync(byte[] bytes) => await Task.WhenAll(sockets.Where(socket => socket.Connected).Select(async socket =>
    {
        try
        {
            await OfferAsync(socket, bytes);
        }
        catch (SocketException)
        {
            // Closed by the device.
        }
    }));

    /// <summary>Sends as much as the other side takes at once, and no more: it may never take the rest.</summary>
    public static async Task OfferAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, patience.Token)..];
            }
        }
        catch (OperationCanceledException)
        {
            // The device does not read on, which bounds what it holds.
        }
    }

    public void Dispose()
    {
        foreach (var socket in sockets)
        {
            socket.Dispose();
        }
    }
}
