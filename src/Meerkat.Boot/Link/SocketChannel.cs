using System.Net.Sockets;
using System.Text.Json;

namespace Meerkat.Boot.Link;

/// <summary>The boot socket as a channel: a line of JSON each way.</summary>
internal sealed class SocketChannel : IBootChannel
{
    // Longer than the boot loader ever keeps an asker waiting.
    private const int AnswerTimeoutMilliseconds = 120_000;

    private readonly Socket socket;
    private readonly StreamReader reader;
    private readonly NetworkStream stream;

    private SocketChannel(Socket socket)
    {
        this.socket = socket;
        stream = new NetworkStream(socket);
        reader = new StreamReader(stream);
    }

    /// <exception cref="SocketException">Nobody listens there.</exception>
    public static SocketChannel Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        {
            ReceiveTimeout = AnswerTimeoutMilliseconds,
        };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new SocketChannel(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public LinkReply Ask(LinkRequest request)
    {
        stream.Write([.. JsonSerializer.SerializeToUtf8Bytes(request, LinkJson.Default.LinkRequest), (byte)'\n']);
        var line = reader.ReadLine() ?? throw new IOException("the boot loader closed the connection");
        try
        {
            return JsonSerializer.Deserialize(line, LinkJson.Default.LinkReply)
                ?? throw new IOException("the boot loader answered with null");
        }
        catch (JsonException fault)
        {
            throw new IOException("the boot loader's answer is not what this program understands", fault);
        }
    }

    public void Dispose()
    {
        reader.Dispose();
        stream.Dispose();
        socket.Dispose();
    }
}
