using System.Net.Sockets;
using System.Text.Json;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Boot.Link;

/// <summary>The boot loader's side of the boot socket: a thread a connection, a line a request.</summary>
/// <param name="path">Of the socket.</param>
/// <param name="ask">Answers a request of a connection.</param>
/// <param name="gone">Told when a connection has closed.</param>
internal sealed class LinkServer(string path, Func<long, LinkRequest, LinkReply> ask, Action<long> gone) : IDisposable
{
    private const int MostConnections = 16;
    private const int LongestLine = 64 * 1024;
    private const int UsualLine = 1024;

    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly SemaphoreSlim places = new(MostConnections);
    private long lastConnection;
    private volatile bool disposed;

    public void Start()
    {
        File.Delete(path);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        listener.Listen(MostConnections);
        new Thread(Accept) { IsBackground = true, Name = "boot socket" }.Start();
    }

    public void Dispose()
    {
        disposed = true;
        listener.Dispose();
        places.Dispose();
    }

    /// <summary>A request in the terms of the machine; what is missing in words when it cannot be one.</summary>
    /// <param name="line">What was asked.</param>
    /// <param name="runningIntact">For invalidate: the image of the running slot has its digest.</param>
    /// <param name="unbootable">For set_state: what is wrong with a slot that it names; empty when nothing is.</param>
    public static (BootRequest? Request, string Problem) Read(LinkRequest line, bool runningIntact, string unbootable)
    {
        var slot = Slot(line.Slot);
        switch (line.Operation)
        {
            case "invalidate" when slot is { } target:
                return (new BootRequest.Invalidate(line.Sequence, target, runningIntact), "");
            case "arm" or "hold" when slot is { } target && line is { Version: { } version, BuildId: { } build, ImageBytes: >= 0 and var bytes }
                && Digest.TryParse(line.ImageSha256, out var image):
                _ = BundleMark.TryParse(line.Bundle, out var bundle);
                var installed = new SlotRecord(SlotState.Written, new FirmwareVersion(version, build), image, bytes, 0, bundle);
                return (
                    line.Operation == "arm"
                        ? new BootRequest.Arm(line.Sequence, target, installed, line.CommitTimeout ?? 0)
                        : new BootRequest.Hold(
                            line.Sequence, target, installed, line.CommitTimeout ?? 0, line.ActivatesItself ?? false),
                    "");
            case "activate":
                return (new BootRequest.Activate(line.Sequence, line.CommitTimeout), "");
            case "keep_snapshot" when slot is { } target:
                return (new BootRequest.KeepSnapshot(line.Sequence, target, line.Trial ?? false, line.CommitTimeout ?? 0), "");
            case "set_state" when line is { Slot: null or 0 or 1, Fallback: null or -1 or 0 or 1 }:
                var change = new BootStateChange
                {
                    Active = slot,
                    SetsFallback = line.Fallback is not null,
                    Fallback = Slot(line.Fallback),
                    Committed = line.Committed,
                    CommitTimeoutSeconds = line.CommitTimeout,
                };
                return (new BootRequest.SetState(line.Sequence, change, unbootable), "");
            case "commit":
                return (new BootRequest.Commit(line.Sequence), "");
            case "revert":
                return (new BootRequest.Revert(line.Sequence), "");
            case "health" when line.Problem is { } found:
                return (new BootRequest.Health(line.Sequence, found, line.Final ?? false), "");
            case "restart":
                return (new BootRequest.Restart(line.Sequence, line.Force ?? false), "");
            default:
                return (null, $"the boot loader does not know '{line.Operation}', or a member of it is missing");
        }
    }

    /// <summary>The answer to a line, which may be anything.</summary>
    public static LinkReply Answer(ReadOnlySpan<byte> line, Func<LinkRequest, LinkReply> ask)
    {
        try
        {
            var request = JsonSerializer.Deserialize(line, LinkJson.Default.LinkRequest);
            return request?.Operation is null
                ? new LinkReply(BootRefusal.BadRequest, "expected an object with \"operation\"", 0)
                : ask(request);
        }
        catch (JsonException fault)
        {
            return new LinkReply(BootRefusal.BadRequest, "the request is not JSON: " + fault.Message, 0);
        }
    }

    public static SlotId? Slot(int? number) => number is 0 or 1 ? new SlotId(number.Value) : null;

    private void Accept()
    {
        while (true)
        {
            try
            {
                places.Wait();
                var client = listener.Accept();
                var connection = ++lastConnection;
                new Thread(() => Serve(client, connection)) { IsBackground = true, Name = "boot socket client" }.Start();
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException) when (disposed)
            {
                return;
            }
            catch (SocketException)
            {
                // Out of descriptors, say: this client is lost, the next one may not be.
                Release();
            }
        }
    }

    private void Serve(Socket client, long connection)
    {
        try
        {
            using var stream = new NetworkStream(client, ownsSocket: true);
            var buffer = new byte[UsualLine];
            var filled = 0;
            while (stream.Read(buffer, filled, buffer.Length - filled) is > 0 and var count)
            {
                filled += count;
                while (buffer.AsSpan(0, filled).IndexOf((byte)'\n') is >= 0 and var end)
                {
                    Reply(stream, connection, buffer.AsSpan(0, end));
                    buffer.AsSpan(end + 1, filled - end - 1).CopyTo(buffer);
                    filled -= end + 1;
                }
                if (filled == LongestLine)
                {
                    return;
                }
                if (filled == buffer.Length)
                {
                    Array.Resize(ref buffer, Math.Min(2 * filled, LongestLine));
                }
            }
        }
        catch (IOException)
        {
            // The client went away; what it held is freed below.
        }
        finally
        {
            gone(connection);
            Release();
        }
    }

    private void Release()
    {
        try
        {
            places.Release();
        }
        catch (ObjectDisposedException)
        {
            // The boot loader ends.
        }
    }

    private void Reply(NetworkStream stream, long connection, ReadOnlySpan<byte> line) => stream.Write(
        [.. JsonSerializer.SerializeToUtf8Bytes(Answer(line, request => ask(connection, request)), LinkJson.Default.LinkReply), (byte)'\n']);
}
