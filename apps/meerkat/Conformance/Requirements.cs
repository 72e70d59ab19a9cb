using System.Collections.Immutable;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Meerkat.Tool.Conformance;

/// <summary>
/// What a device that speaks as Mongoose OS does must do, as far as it can be seen from outside without changing what it runs. What the
/// original's eras do differently is accepted in every form.
/// </summary>
internal static class Requirements
{
    private const string File = "meerkat-conformance.tmp";

    /// <summary>The beginning of a bundle whose manifest never becomes whole: no device has a reason to write anything yet.</summary>
    private const int ManifestBytes = 3000;

    public static ImmutableArray<Requirement> All { get; } =
    [
        // Frames
        new("7.1", "an id comes back as it was, 64 bits long", async device =>
        {
            var frame = device.Frame("RPC.Ping");
            return Expect((await device.AskAsync(frame))["id"], frame["id"]!.ToJsonString());
        }),
        new("7.1", "an id of digits in quotes comes back as a number", async device => Expect(
            (await device.AskAsync(device.Frame("RPC.Ping", more: """{"id":"1234567890123"}""")))["id"], "1234567890123")),
        new("7.1", "an id that is no row of digits comes back as a text", async device => Expect(
            (await device.AskAsync(device.Frame("RPC.Ping", more: """{"id":"a-1"}""")))["id"], "\"a-1\"")),
        new("7.1", "a negative id comes back as a text", async device => Expect(
            (await device.AskAsync(device.Frame("RPC.Ping", more: """{"id":-5}""")))["id"], "\"-5\"")),
        new("7.1", "the answer goes to whoever asked: dst is the request's src", async device =>
        {
            var frame = device.Frame("RPC.Ping");
            return Expect((await device.AskAsync(frame))["dst"], frame["src"]!.ToJsonString());
        }),
        new("7.1", "the answer names the device: src is a text", async device => Kind((await device.AskAsync("RPC.Ping"))["src"], JsonValueKind.String)),
        new("7.1", "tag is copied", async device => Expect(
            (await device.AskAsync(device.Frame("RPC.Ping", more: """{"tag":"t1"}""")))["tag"], "\"t1\"")),
        new("7.1", "methods are found in any case", async device => Result(await device.AskAsync("rpc.PING"))),
        new("7.1", "an unknown method is error 404, No handler for NAME", async device => Error(
            await device.AskAsync("No.Such"), 404, "No handler for No.Such")),
        new("7.1", "args stands for params", async device => Error(
            await device.AskAsync(device.Frame("RPC.Describe", more: """{"args":{"name":"No.Such"}}""")), 404, "name not found")),
        new("7.1", "params wins over args", async device => Error(
            await device.AskAsync(device.Frame("RPC.Describe", """{"name":"No.Such"}""", """{"args":{"name":"RPC.Ping"}}""")), 404, "name not found")),
        new("7.1", "members that nobody knows are ignored", async device => Result(
            await device.AskAsync(device.Frame("RPC.Ping", """{"x":[1,{"y":null}]}""", """{"v":2,"timeout":5,"trace":true,"nr":false}""")))),
        new("7.1", "a frame for another device is not answered", async device =>
            await device.TryAskAsync(device.Frame("RPC.Ping", more: """{"dst":"another-device-than-this"}""")) is { } answer
                ? $"expected no answer, found {Short(answer)}" : null),
        new("7.1", "a reply that nobody asked for is not answered", async device =>
            await device.TryAskAsync(new JsonObject { ["id"] = device.NewId(), ["src"] = device.Source, ["result"] = 5 }) is { } answer
                ? $"expected no answer, found {Short(answer)}" : null),
        new("7.1", "an id that is no number and no text is refused", async device =>
        {
            var frame = device.Frame("RPC.Ping");
            frame["id"] = new JsonArray(1);
            return await device.TryAskAsync(frame) is { } answer ? $"expected no answer, found {Short(answer)}" : null;
        }),

        // RPC and Sys
        new("7.9", "RPC.List names itself, OTA.Status and Sys.GetInfo", async device =>
        {
            var answer = await device.AskAsync("RPC.List");
            var names = (answer["result"] as JsonArray)?.Select(name => (string?)name).ToHashSet(StringComparer.OrdinalIgnoreCase);
            return names is null ? $"expected an array, found {Short(answer)}"
                : Missing(["RPC.List", "OTA.Status", "Sys.GetInfo"], names.Contains);
        }),
        new("7.9", "RPC.Describe gives name and args_fmt", async device =>
        {
            var answer = await device.AskAsync("RPC.Describe", """{"name":"RPC.Describe"}""");
            return Missing(["name", "args_fmt"], key => answer["result"]?[key] is JsonValue);
        }),
        new("7.9", "RPC.Describe without a name is error 400, name is required", async device => Error(
            await device.AskAsync("RPC.Describe", "{}"), 400, "name is required")),
        new("7.9", "RPC.Ping gives channel_info", async device => Kind(
            (await device.AskAsync("RPC.Ping"))["result"]?["channel_info"], JsonValueKind.String)),
        new("7.9", "Sys.GetInfo gives id, app, fw_version, fw_id, arch, mac and uptime", async device =>
        {
            var answer = await device.AskAsync("Sys.GetInfo");
            return Missing(["id", "app", "fw_version", "fw_id", "arch", "mac", "uptime"], key => answer["result"]?[key] is JsonValue);
        }),
        new("7.9", "Sys.GetInfo's uptime is a whole number of seconds", async device =>
            (await device.AskAsync("Sys.GetInfo"))["result"]?["uptime"] is JsonValue uptime
                && long.TryParse(uptime.ToJsonString(), NumberStyles.None, CultureInfo.InvariantCulture, out _)
                ? null : "expected a whole number"),
        new("7.9", "Sys.Reboot with a negative delay is error 400", async device => Error(
            await device.AskAsync("Sys.Reboot", """{"delay_ms":-1}"""), 400, "invalid delay value")),

        // OTA
        new("3.2", "OTA.Status has the six members with their types", async device =>
        {
            var status = (await device.AskAsync("OTA.Status"))["result"];
            return Kind(status?["state"], JsonValueKind.Number) ?? Kind(status?["message"], JsonValueKind.String)
                ?? Kind(status?["is_committed"], JsonValueKind.True, JsonValueKind.False)
                ?? Kind(status?["progress_percent"], JsonValueKind.Number) ?? Kind(status?["commit_timeout"], JsonValueKind.Number)
                ?? Kind(status?["partition"], JsonValueKind.Number);
        }),
        new("7.8", "OTA.GetBootState has its four members with their types", async device =>
        {
            var state = (await device.AskAsync("OTA.GetBootState"))["result"];
            return Kind(state?["active_slot"], JsonValueKind.Number) ?? Kind(state?["is_committed"], JsonValueKind.True, JsonValueKind.False)
                ?? Kind(state?["revert_slot"], JsonValueKind.Number) ?? Kind(state?["commit_timeout"], JsonValueKind.Number);
        }),
        new("7.8", "OTA.Commit of a committed device is error -1", device => CommittedAsync(device, async () => Error(await device.AskAsync("OTA.Commit"), -1))),
        new("7.8", "OTA.Revert of a committed device is error -1", device => CommittedAsync(device, async () => Error(await device.AskAsync("OTA.Revert"), -1))),
        new("7.8", "OTA.Update without an address is an error", async device => IsError(await device.AskAsync("OTA.Update", "{}"))),
        new("7.8", "OTA.Write without OTA.Begin is an error", async device => IsError(
            await device.AskAsync("OTA.Write", """{"offset":0,"data":"UEsDBA=="}"""))),
        new("7.8", "an update in pieces: a piece twice is accepted, a gap is not, OTA.End gives up what is not whole", PiecesAsync) { Writes = true },

        // Config
        new("7.10", "Config.Get gives the whole configuration", async device => Kind((await device.AskAsync("Config.Get"))["result"], JsonValueKind.Object)),
        new("7.10", "Config.Get gives a group by its key", async device => Kind(
            (await device.AskAsync("Config.Get", """{"key":"rpc"}"""))["result"], JsonValueKind.Object)),
        new("7.10", "Config.Get of a key that is none is error 404, invalid config key", async device => Error(
            await device.AskAsync("Config.Get", """{"key":"no.such.key"}"""), 404, "invalid config key")),
        new("7.10", "Config.Set without a value is error 400, value is required", async device => Error(
            await device.AskAsync("Config.Set", "{}"), 400, "value is required")),
        new("7.10", "Config.Set of level 0 is error 400, not allowed", async device => Error(
            await device.AskAsync("Config.Set", """{"config":{"debug":{"level":2}},"level":0}"""), 400, "not allowed")),
        new("7.10", "Config.Set of a wrong type is error 400, invalid config value", async device => Error(
            await device.AskAsync("Config.Set", """{"config":{"debug":{"level":"much"}}}"""), 400, "invalid config value")),

        // Files
        new("7.11", "FS.List gives names", async device => Kind((await device.AskAsync("FS.List"))["result"], JsonValueKind.Array)),
        new("7.11", "FS.ListExt gives names and sizes", async device =>
            (await device.AskAsync("FS.ListExt", """{"path":"/"}"""))["result"] is JsonArray entries
                && entries.All(entry => entry?["name"] is JsonValue && entry["size"] is JsonValue) ? null : "expected an array of name and size"),
        new("7.11", "FS.List of a folder that is none gives an empty array", async device => Expect(
            (await device.AskAsync("FS.List", """{"path":"/no-such-folder"}"""))["result"], "[]")),
        new("7.11", "FS.Get without a name is error 400, filename is required", async device => Error(
            await device.AskAsync("FS.Get", "{}"), 400, "filename is required")),
        new("7.11", "FS.Get of a file that is none is error 400, failed to open file", async device => Error(
            await device.AskAsync("FS.Get", """{"filename":"no-such-file"}"""), 400, "failed to open file")),
        new("7.11", "FS.Remove of a file that is none is error 500", async device => Error(
            await device.AskAsync("FS.Remove", """{"filename":"no-such-file"}"""), 500)),
        new("7.11", "a file is written, appended to, read in parts and removed", FilesAsync) { Writes = true },

        // HTTP
        new("7.2", "a call that fails is answered with HTTP status 200", async device =>
        {
            var (status, _, body) = await device.HttpAsync(HttpMethod.Post, device.Address.Rpc.AbsolutePath, DeviceOnTrial.Json(device.Frame("No.Such").ToJsonString()));
            return status == 200 ? null : $"expected 200, found {status}: {body}";
        }) { Scheme = "http" },
        new("7.2", "answers are application/json and end with CR LF", async device =>
        {
            var (_, type, body) = await device.HttpAsync(HttpMethod.Post, device.Address.Rpc.AbsolutePath, DeviceOnTrial.Json(device.Frame("RPC.Ping").ToJsonString()));
            return type == "application/json" && body.EndsWith("\r\n", StringComparison.Ordinal) ? null : $"found {type}, {JsonValue.Create(body).ToJsonString()}";
        }) { Scheme = "http" },
        new("7.2", "what is no frame is status 400, Invalid request", async device =>
        {
            var (status, _, body) = await device.HttpAsync(HttpMethod.Post, device.Address.Rpc.AbsolutePath, DeviceOnTrial.Json("{"));
            return status == 400 && body.StartsWith("Invalid request", StringComparison.Ordinal) ? null : $"found {status}: {body}";
        }) { Scheme = "http" },
        new("7.2", "/rpc/METHOD gives the bare result", async device =>
        {
            var (status, _, body) = await device.HttpAsync(HttpMethod.Post, "/rpc/RPC.Ping", DeviceOnTrial.Json("{}"));
            return status == 200 && body.Contains("channel_info", StringComparison.Ordinal) ? null : $"found {status}: {body}";
        }) { Scheme = "http" },
        new("7.2", "/rpc/METHOD takes its arguments from the query", async device =>
        {
            var (status, _, body) = await device.HttpAsync(HttpMethod.Get, "/rpc/RPC.Describe?name=%22RPC.Ping%22");
            return status == 200 && body.Contains("args_fmt", StringComparison.Ordinal) ? null : $"found {status}: {body}";
        }) { Scheme = "http" },
        new("7.2", "/rpc/METHOD of an unknown method is status 404 with the error as body", async device =>
        {
            var (status, _, body) = await device.HttpAsync(HttpMethod.Post, "/rpc/No.Such", DeviceOnTrial.Json("{}"));
            return status == 404 && body.Contains("\"code\":404", StringComparison.Ordinal) ? null : $"found {status}: {body}";
        }) { Scheme = "http" },
        new("7.2", "/rpc/METHOD that fails is status 500 with the error as body", async device =>
        {
            var (status, _, body) = await device.HttpAsync(HttpMethod.Post, "/rpc/FS.Get", DeviceOnTrial.Json("{}"));
            return status == 500 && body.Contains("\"code\":400", StringComparison.Ordinal) ? null : $"found {status}: {body}";
        }) { Scheme = "http" },
        new("5.1", "POST /update of what is no bundle is refused with a reason", async device =>
        {
            using var form = new MultipartFormDataContent("XyZ");
            form.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/form-data; boundary=XyZ");
            form.Add(new ByteArrayContent("moving pictures"u8.ToArray()), "\"file\"", "\"fw.zip\"");
            var (status, _, body) = await device.HttpAsync(HttpMethod.Post, "/update", form);
            return status is 400 or 500 && body.Trim().Length > 0 ? null : $"expected 400 or 500 with a reason, found {status}: {body}";
        }) { Scheme = "http", Writes = true },
        new("5.3", "/update/commit of a committed device is status 400, Error", device => CommittedAsync(device, async () =>
        {
            var (status, _, body) = await device.HttpAsync(HttpMethod.Get, "/update/commit");
            return status == 400 && body.StartsWith("Error", StringComparison.Ordinal) ? null : $"found {status}: {body}";
        })) { Scheme = "http" },
        new("5.3", "/update/revert of a committed device is status 400, Error", device => CommittedAsync(device, async () =>
        {
            var (status, _, body) = await device.HttpAsync(HttpMethod.Get, "/update/revert");
            return status == 400 && body.StartsWith("Error", StringComparison.Ordinal) ? null : $"found {status}: {body}";
        })) { Scheme = "http" },
        new("7.3", "/rpc becomes a WebSocket; the sub-protocol is echoed or left out", async device =>
        {
            using var socket = new ClientWebSocket();
            socket.Options.AddSubProtocol("clubby.cesanta.com");
            try
            {
                await socket.ConnectAsync(new UriBuilder(device.Address.Rpc) { Scheme = "ws", Path = "/rpc" }.Uri, CancellationToken.None);
                return null;
            }
            catch (WebSocketException fault)
            {
                return fault.Message;
            }
        }) { Scheme = "http" },

        // Streams; the checksums are those of appendix A.4.
        new("7.5", "a frame that ends with a line end is answered with one", async device => Stream(
            await device.StreamAsync("{\"id\":1,\"method\":\"RPC.Ping\"}\n", "}\n"), "\n{\"id\":1,", "}\n")) { Scheme = "tcp" },
        new("7.5", "a frame in quotes is answered in quotes", async device => Stream(
            await device.StreamAsync("\"\"\"{\"id\":1,\"method\":\"RPC.Ping\"}\"\"\"", "\"\"\"\n"), "\"\"\"{\"id\":1,", "}\"\"\"\n")) { Scheme = "tcp" },
        new("7.5", "a frame with a checksum is answered with one", async device =>
            (await device.StreamAsync("{\"id\":1,\"method\":\"OTA.Status\"}e5a6aa51\n", "\n\n")).Trim() is { Length: > 9 } line && line[^9] == '}'
                && line[^8..].All(char.IsAsciiHexDigit) ? null : "expected eight hex digits behind the last brace") { Scheme = "tcp" },
        new("7.5", "a frame with a wrong checksum is dropped, and the next one is answered", async device => Stream(
            await device.StreamAsync("{\"id\":1,\"method\":\"OTA.Status\"}00000000\n{\"id\":2,\"method\":\"RPC.Ping\"}\n", "}\n"), "\n{\"id\":2,", "}\n")) { Scheme = "tcp" },
        new("7.5", "noise before a frame, and a byte over 0x7f, do not stop it", async device => Stream(
            await device.StreamAsync("noise\u00ff\nmore {\"id\":3,\"method\":\"RPC.Ping\"}\n", "}\n"), "{\"id\":3,", "}\n")) { Scheme = "tcp" },
        new("7.5", "EOT alone is answered with EOT in quotes", async device => Stream(
            await device.StreamAsync("\u0004\n", "\"\"\"\u0004\"\"\""), "\"\"\"\u0004\"\"\"", "")) { Scheme = "tcp" },
        new("7.5", "an empty line is answered with a line end", async device => Stream(await device.StreamAsync("\n", "\n"), "\n", "")) { Scheme = "tcp" },
    ];

    private static string? Stream(string found, string beginning, string ending) =>
        found.Contains(beginning, StringComparison.Ordinal) && found.EndsWith(ending, StringComparison.Ordinal)
            ? null
            : $"expected {JsonValue.Create(beginning + "…" + ending).ToJsonString()}, found {JsonValue.Create(found).ToJsonString()}";

    /// <summary>What cannot be tried on a device that is in the middle of something.</summary>
    private static async Task<string?> CommittedAsync(DeviceOnTrial device, Func<Task<string?>> attempt) =>
        (await device.AskAsync("OTA.Status"))["result"]?["is_committed"]?.GetValueKind() == JsonValueKind.True
            ? await attempt()
            : throw new NotTriedException("the device is not committed");

    private static async Task<string?> PiecesAsync(DeviceOnTrial device)
    {
        if ((await device.AskAsync("OTA.Status"))["result"] is not { } status || Word(status["state"]) is not ("0" or "2") || Word(status["is_committed"]) != "true")
        {
            throw new NotTriedException("the device is in the middle of an update");
        }
        var piece = Convert.ToBase64String(BeginningOfABundle());
        var began = Result(await device.AskAsync("OTA.Begin", """{"timeout":60,"commit_timeout":300,"size":4096}"""));
        if (began is not null)
        {
            return began;
        }
        var first = Result(await device.AskAsync("OTA.Write", $$"""{"offset":0,"data":"{{piece}}"}"""));
        var again = Result(await device.AskAsync("OTA.Write", $$"""{"offset":0,"data":"{{piece}}"}"""));
        var gap = IsError(await device.AskAsync("OTA.Write", $$"""{"offset":1024,"data":"{{piece}}"}"""));
        var end = IsError(await device.AskAsync("OTA.End"));
        var after = Word((await device.AskAsync("OTA.Status"))["result"]?["state"]);
        return first ?? (again is null ? null : $"the same piece again: {again}") ?? (gap is null ? null : $"a gap: {gap}")
            ?? (end is null ? null : $"OTA.End of half an update: {end}") ?? (after is "0" or "2" ? null : $"afterwards: expected state 0 or 2, found {after}");
    }

    private static byte[] BeginningOfABundle()
    {
        var piece = new byte[512];
        "PK\u0003\u0004\u0014\0\0\0\0\0\0\0\0\0"u8.CopyTo(piece);
        BitConverter.TryWriteBytes(piece.AsSpan(14), 0x12345678);
        BitConverter.TryWriteBytes(piece.AsSpan(18), ManifestBytes);
        BitConverter.TryWriteBytes(piece.AsSpan(22), ManifestBytes);
        BitConverter.TryWriteBytes(piece.AsSpan(26), (ushort)"manifest.json".Length);
        "manifest.json{"u8.CopyTo(piece.AsSpan(30));
        piece.AsSpan(44).Fill((byte)' ');
        return piece;
    }

    private static async Task<string?> FilesAsync(DeviceOnTrial device)
    {
        try
        {
            return Result(await device.AskAsync("FS.Put", $$"""{"filename":"{{File}}","data":"aGVsbG8="}"""))
                ?? Result(await device.AskAsync("FS.Put", $$"""{"filename":"{{File}}","data":"IHlvdQ==","append":true}"""))
                ?? Expect((await device.AskAsync("FS.Get", $$"""{"filename":"{{File}}"}"""))["result"], """{"data":"aGVsbG8geW91","left":0}""")
                ?? Expect((await device.AskAsync("FS.Get", $$"""{"filename":"{{File}}","offset":1,"len":3}"""))["result"], """{"data":"ZWxs","left":5}""")
                ?? Error(await device.AskAsync("FS.Get", $$"""{"filename":"{{File}}","offset":-1}"""), 400, "illegal offset");
        }
        finally
        {
            await device.AskAsync("FS.Remove", $$"""{"filename":"{{File}}"}""");
        }
    }

    private static string? Expect(JsonNode? found, string expected) =>
        found?.ToJsonString() is { } text && JsonNode.DeepEquals(JsonNode.Parse(text), JsonNode.Parse(expected)) ? null : $"expected {expected}, found {Short(found)}";

    private static string? Kind(JsonNode? found, params JsonValueKind[] kinds) =>
        found is not null && kinds.Contains(found.GetValueKind()) ? null : $"expected {string.Join(" or ", kinds).ToLowerInvariant()}, found {Short(found)}";

    /// <summary>A success; an error with code 0 is one as well.</summary>
    private static string? Result(JsonObject answer) =>
        answer.ContainsKey("result") || Word(answer["error"]?["code"]) == "0" ? null : $"expected a result, found {Short(answer)}";

    private static string? IsError(JsonObject answer) =>
        answer["error"] is JsonObject error && Word(error["code"]) != "0" ? null : $"expected an error, found {Short(answer)}";

    private static string? Error(JsonObject answer, int code, string beginning = "") =>
        answer["error"] is JsonObject error && Word(error["code"]) == code.ToString(CultureInfo.InvariantCulture)
        && (beginning.Length == 0 || ((string?)error["message"] ?? "").StartsWith(beginning, StringComparison.Ordinal))
            ? null
            : $"expected error {code}{(beginning.Length > 0 ? $", {beginning}" : "")}, found {Short(answer)}";

    private static string? Missing(string[] wanted, Func<string, bool> has) =>
        wanted.Where(name => !has(name)).ToList() is { Count: > 0 } missing ? $"missing: {string.Join(", ", missing)}" : null;

    private static string? Word(JsonNode? node) => node?.ToJsonString();

    private static string Short(JsonNode? node) => node?.ToJsonString() is { } text ? text.Length > 200 ? text[..200] + "…" : text : "nothing";
}
