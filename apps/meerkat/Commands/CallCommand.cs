using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Commands;

internal static class CallCommand
{
    /// <summary>These answer when the work is done, not when it starts.</summary>
    private static readonly TimeSpan LongTimeout = TimeSpan.FromMinutes(30);

    public static Command Create()
    {
        var method = new Argument<string>("METHOD") { Description = "Name of the method, in any case" };
        var json = new Argument<string?>("JSON")
        {
            Description = "Arguments as one JSON object; sent as typed",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("call", """
            Call a method of a device and print its result as JSON ("null" when it has none).

            Works like "mos call". OTA.Update and OTA.End answer when the update has ended, so they are
            given 30 minutes unless --timeout says otherwise.

            Examples:
              meerkat call RPC.List --port http://192.168.1.50
              meerkat call OTA.Update '{"url": "http://files/fw.zip"}' --port http://192.168.1.50/rpc
              meerkat call OTA.Commit --port http://192.168.1.50
            """)
        {
            method,
            json,
        };
        var options = new DeviceOptions(command, "How long the answer may take, as 20s, 10m, 2h. Default: 20s (OTA.Update, OTA.End: 30m)");
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(parsed.GetRequiredValue(method), parsed.GetValue(json), parsed, options, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        string method, string? json, ParseResult parsed, DeviceOptions options, CancellationToken cancellationToken)
    {
        var arguments = ParseArguments(json);
        using var device = options.Open(parsed);
        var timeout = options.Timeout(parsed) ?? (AnswersAtTheEnd(method) ? LongTimeout : null);
        try
        {
            var result = await device.CallAsync(method, arguments, cancellationToken, timeout);
            Console.Out.WriteLine(RpcJson.ToPretty(result));
            return ExitCode.Done;
        }
        catch (ToolException e) when (e.Remote is { } error)
        {
            // Scripts written for "mos call" look for the code.
            throw new ToolException(ToolException.InWords(method, error));
        }
    }

    private static bool AnswersAtTheEnd(string method) =>
        method.Equals("OTA.Update", StringComparison.OrdinalIgnoreCase) || method.Equals("OTA.End", StringComparison.OrdinalIgnoreCase);

    private static JsonNode? ParseArguments(string? json)
    {
        if (string.IsNullOrWhiteSpace(json))
        {
            return null;
        }
        if (json.StartsWith("--", StringComparison.Ordinal))
        {
            throw new ToolException($"there is no option {json}. See \"meerkat call --help\".", ExitCode.Usage);
        }
        try
        {
            return JsonNode.Parse(json);
        }
        catch (JsonException e)
        {
            throw new ToolException(
                $"the arguments are not JSON: {e.Message} Put them in single quotes: '{{\"commit_timeout\": 300}}'");
        }
    }
}
