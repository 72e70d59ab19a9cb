using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>What careless and hostile clients do to a device. Everything here ends by itself.</summary>
/// <param name="device">That it is done to.</param>
/// <param name="seed">Of what is garbage.</param>
internal sealed class Abuse(DeviceUnderTest device, int seed)
{
    /// <summary>More than the agent serves at once.</summary>
    public const int ManyConnections = 400;

    private static readonly (string Method, string Parameters)[] Calls =
    [
        ("RPC.List", "{}"), ("RPC.Ping", "{}"), ("Sys.GetInfo", "{}"), ("OTA.Status", "{}"), ("Config.Get", "{}"),
        ("FS.List", """{"path":"/"}"""), ("RPC.Describe", """{"name":"OTA.Update"}"""), ("OTA.GetBootState", "{}"),
        ("No.Such", "{}"), ("FS.Get", """{"filename":"conf0.json"}"""), ("Config.Get", """{"key":5}"""), ("OTA.Commit", "{}"),
    ];

    private readonly IPEndPoint address = IPEndPoint.Parse(device.Address);

    /// <summary>Clients that call methods at the same time; how many of their calls were answered by a frame.</summary>
    public async Task<int> CallAsync(int clients, int callsOfEach)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(2) };
        var answered = 0;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async client =>
        {
            for (var call = 0; call < callsOfEach; call++)
            {
                var (method, parameters) = Calls[(client + call) % Calls.Length];
                using var content = new StringContent($$"""{"id":{{client + 1}},"method":"{{method}}","params":{{parameters}}}""");
                using var answer = await http.PostAsync(device.Url + "/rpc", content);
                var frame = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
                if ((int?)frame["id"] == client + 1 && (frame["result"] is not null || frame["error"] is not null || frame.AsObject().ContainsKey("result")))
                {
                    Interlocked.Increment(ref answered);
                }
            }
        }));
        return answered;
    }

    /// <summary>Connections that are closed or reset as soon as they stand.</summary>
    public async Task OpenAndDropAsync(int connections) => await Parallel.ForEachAsync(
        Enumerable.Range(0, connections),
        new ParallelOptions { MaxDegreeOfParallelism = 100 },
        async (number, cancellationToken) =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            // Half of them by a reset; the system then keeps no port for them.
            socket.LingerState = new LingerOption(enable: number % 2 == 0, 0);
            try
            {
                await socket.ConnectAsync(address, cancellationToken);
                if (number % 3 == 0)
                {
                    await socket.SendAsync("GET /healthz HT"u8.ToArray(), cancellationToken);
                }
            }
            catch (SocketException)
            {
                // Turned away, which is the device's right.
            }
        });

    /// <summary>Connections held open; each is sent something first.</summary>
    /// <param name="count">How many.</param>
    /// <param name="first">What the connection of a number sends.</param>
    public async Task<HeldConnections> HoldAsync(int count, Func<int, byte[]> first)
    {
        var held = new HeldConnections();
        await Task.WhenAll(Enumerable.Range(0, count).Select(async number =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            held.Add(socket);
            try
            {
                await socket.ConnectAsync(address);
                await HeldConnections.OfferAsync(socket, first(number));
            }
            catch (SocketException)
            {
                // Turned away.
            }
        }));
        return held;
    }

    public byte[] Head(string line, params string[] headers) =>
        Encoding.ASCII.GetBytes($"{line} HTTP/1.1\r\nHost: {device.Address}\r\n{string.Concat(headers.Select(header => header + "\r\n"))}");

    /// <summary>Requests that no server should take, one a connection; what comes back is read to its end.</summary>
    public async Task<List<string>> SendMalformedAsync(int rounds)
    {
        var chance = new Random(seed);
        var answers = new List<string>();
        for (var round = 0; round < rounds; round++)
        {
            var garbage = new byte[chance.Next(1, 4096)];
            chance.NextBytes(garbage);
            byte[][] requests =
            [
                garbage,
                [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, .. garbage],
                new byte[100_000],
                Encoding.ASCII.GetBytes($"GET /{new string('a', 100_000)} HTTP/1.1\r\n\r\n"),
                [.. Head("GET /healthz", "X: " + new string('a', 100_000)), .. "\r\n"u8],
                [.. Head("GET /healthz", [.. Enumerable.Range(0, 5000).Select(number => $"X-{number}: {number}")]), .. "\r\n"u8],
                [.. Head("POST /rpc", "Content-Length: 10000000"), .. "\r\n"u8, .. new byte[200_000]],
                [.. Head("POST /rpc", "Transfer-Encoding: chunked"), .. "\r\n"u8, .. Chunks(20, 10_000)],
                [.. Head("POST /rpc", "Transfer-Encoding: chunked"), .. "\r\nffffffffffffffffffff\r\n"u8],
                [.. Head("POST /rpc", "Content-Length: -1"), .. "\r\n{}"u8],
                [.. Head("POST /rpc", "Content-Length: 5", "Transfer-Encoding: chunked"), .. "\r\n0\r\n\r\n"u8],
                [.. Head("POST /rpc/Sys.GetInfo", "Content-Length: 60000"), .. "\r\n"u8, .. Enumerable.Repeat((byte)'[', 60_000)],
                [.. Head("GET /healthz\0"), .. "\r\n"u8],
                "GET http://["u8.ToArray(),
            ];
            answers.AddRange(await Task.WhenAll(requests.Select(AskAsync)));
        }
        return answers;
    }

    private static byte[] Chunks(int count, int bytes) =>
        [.. Enumerable.Repeat((byte[])[.. Encoding.ASCII.GetBytes($"{bytes:x}\r\n"), .. new byte[bytes], .. "\r\n"u8], count).SelectMany(chunk => chunk), .. "0\r\n\r\n"u8];

    private async Task<string> AskAsync(byte[] request)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address);
            await HeldConnections.OfferAsync(socket, request);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // Turned away, or cut off while it was sending: what was answered before that is still there.
        }
        var answer = new StringBuilder();
        var block = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(block) is > 0 and var count)
            {
                answer.Append(Encoding.Latin1.GetString(block, 0, count));
            }
        }
        catch (SocketException)
        {
            // The end of it.
        }
        return answer.ToString();
    }
}
