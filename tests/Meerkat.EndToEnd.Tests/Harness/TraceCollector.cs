using System.Net;
using System.Text;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>
/// A collector of traces: takes OTLP over HTTP and decodes as much of it as a test looks at, by the numbers of fields in
/// opentelemetry/proto/trace/v1/trace.proto.
/// </summary>
internal sealed class TraceCollector : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly List<Span> spans = [];
    private readonly List<string> requests = [];
    private readonly Task receiving;

    public TraceCollector()
    {
        Url = $"http://127.0.0.1:{DeviceUnderTest.FreePort()}";
        listener.Prefixes.Add(Url + "/");
        listener.Start();
        receiving = ReceiveAsync();
    }

    public string Url { get; }

    public IReadOnlyList<Span> Spans
    {
        get
        {
            lock (spans)
            {
                return [.. spans];
            }
        }
    }

    /// <summary>Method, path and content type of what came.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (spans)
            {
                return [.. requests];
            }
        }
    }

    public async Task<Span> GetsAsync(string name, Func<Span, bool>? condition = null)
    {
        await Eventually.HoldsAsync(
            $"a span \"{name}\" comes; here are\n{string.Join('\n', Spans)}",
            () => Spans.Any(span => span.Name == name && condition?.Invoke(span) != false));
        return Spans.First(span => span.Name == name && condition?.Invoke(span) != false);
    }

    public void Dispose() => listener.Close();

    private async Task ReceiveAsync()
    {
        while (listener.IsListening)
        {
            try
            {
                var context = await listener.GetContextAsync();
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                lock (spans)
                {
                    requests.Add($"{context.Request.HttpMethod} {context.Request.Url!.AbsolutePath} {context.Request.ContentType}");
                    spans.AddRange(Read(body.ToArray()));
                }
                context.Response.ContentType = "application/x-protobuf";
                context.Response.Close();
            }
            catch (Exception fault) when (fault is HttpListenerException or ObjectDisposedException)
            {
                // The test has ended.
                return;
            }
        }
    }

    private static IEnumerable<Span> Read(byte[] request)
    {
        foreach (var resourceSpans in Message.Of(request).All(1))
        {
            var resource = resourceSpans.All(1).SelectMany(one => one.All(1)).ToDictionary(Key, Value);
            foreach (var span in resourceSpans.All(2).SelectMany(scope => scope.All(2)))
            {
                yield return new Span(
                    span.Text(5), Convert.ToHexStringLower(span.Bytes(1)), Convert.ToHexStringLower(span.Bytes(2)), Convert.ToHexStringLower(span.Bytes(4)),
                    span.All(15).Select(status => status.Number(3)).FirstOrDefault() == 2,
                    span.All(9).ToDictionary(Key, Value),
                    resource);
            }
        }
    }

    private static string Key(Message attribute) => attribute.Text(1);

    private static string Value(Message attribute) => attribute.All(2).Select(value => value.Has(1) ? value.Text(1) : $"{unchecked((long)value.Number(3))}").Single();

    internal sealed record Span(
        string Name, string Trace, string Id, string Parent, bool Failed, Dictionary<string, string> Tags, Dictionary<string, string> Resource)
    {
        public override string ToString() => $"{Name} {Trace}/{Parent}/{Id} {string.Join(' ', Tags)}";
    }

    /// <summary>A message of Protocol Buffers: fields by number, in order.</summary>
    private sealed class Message
    {
        private readonly List<(int Field, ulong Number, byte[] Bytes)> fields = [];

        public static Message Of(ReadOnlySpan<byte> bytes)
        {
            var message = new Message();
            while (!bytes.IsEmpty)
            {
                var key = VarInt(ref bytes);
                var (number, content) = (0UL, Array.Empty<byte>());
                switch (key & 7)
                {
                    case 0:
                        number = VarInt(ref bytes);
                        break;
                    case 1:
                        number = BitConverter.ToUInt64(bytes);
                        bytes = bytes[8..];
                        break;
                    case 2:
                        var length = (int)VarInt(ref bytes);
                        content = bytes[..length].ToArray();
                        bytes = bytes[length..];
                        break;
                    case 5:
                        number = BitConverter.ToUInt32(bytes);
                        bytes = bytes[4..];
                        break;
                    default:
                        throw new InvalidDataException($"wire type {key & 7}");
                }
                message.fields.Add(((int)(key >> 3), number, content));
            }
            return message;
        }

        public bool Has(int field) => fields.Any(one => one.Field == field);

        public IEnumerable<Message> All(int field) => fields.Where(one => one.Field == field).Select(one => Of(one.Bytes));

        public byte[] Bytes(int field) => fields.LastOrDefault(one => one.Field == field).Bytes ?? [];

        public string Text(int field) => Encoding.UTF8.GetString(Bytes(field));

        public ulong Number(int field) => fields.LastOrDefault(one => one.Field == field).Number;

        private static ulong VarInt(ref ReadOnlySpan<byte> bytes)
        {
            ulong value = 0;
            for (var shift = 0; ; shift += 7)
            {
                var one = bytes[0];
                bytes = bytes[1..];
                value |= (ulong)(one & 0x7f) << shift;
                if (one < 0x80)
                {
                    return value;
                }
            }
        }
    }
}
