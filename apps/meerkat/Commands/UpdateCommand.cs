using System.CommandLine;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Rpc;
using Meerkat.Tool.Devices;
using Meerkat.Tool.Updates;

namespace Meerkat.Tool.Commands;

internal sealed class UpdateCommand
{
    private const int MaxCommitTimeoutSeconds = 604800;
    private static readonly TimeSpan DefaultStall = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan DefaultWait = TimeSpan.FromMinutes(5);

    private readonly Argument<FileInfo> file = new("FILE") { Description = "The bundle, a .zip" };
    private readonly Option<int?> commitTimeout = new("--commit-timeout")
    {
        Description = "Seconds in which the new firmware must be committed, else the device falls back; 0: it commits itself when it "
            + "is ready. Default: what the device is configured for",
        HelpName = "SECONDS",
    };

    private readonly Option<bool> commit = new("--commit") { Description = "Commit the new firmware as soon as it is ready" };
    private readonly Option<bool> noWait = new("--no-wait") { Description = "End when the device has accepted the bundle" };
    private readonly Option<bool> json = new("--json") { Description = "Print the end as JSON" };
    private readonly Option<TimeSpan?> wait = new("--wait")
    {
        Description = "How long the restart and the new firmware's start may take. Default: 5m",
        HelpName = "TIME",
        CustomParser = DurationText.Parse,
    };

    public static Command Create() => new UpdateCommand().Build();

    private Command Build()
    {
        var command = new Command("update", """
            Send a bundle to a device, wait for its restart, and say which version runs in which slot.

            Exit codes: 0 the new firmware runs (and is committed with --commit), 1 error, 2 wrong usage, 3 the device fell back.

            Examples:
              meerkat update build/fw.zip --port http://192.168.1.50 --commit-timeout 300
              meerkat update build/fw.zip --port http://192.168.1.50 --commit
              meerkat update build/fw.zip --port http://192.168.1.50 --no-wait --json
            """)
        {
            file,
            commitTimeout,
            commit,
            noWait,
            wait,
            json,
        };
        commitTimeout.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 0 or > MaxCommitTimeoutSeconds)
            {
                result.AddError($"--commit-timeout must be from 0 to {MaxCommitTimeoutSeconds} seconds.");
            }
        });
        command.Validators.Add(result =>
        {
            if (result.GetValue(commit) && result.GetValue(noWait))
            {
                result.AddError("--commit waits for the new firmware and excludes --no-wait.");
            }
        });
        var options = new DeviceOptions(command, "Give up when the device takes nothing for so long. Default: 10m");
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, options, cancellationToken));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, DeviceOptions options, CancellationToken cancellationToken)
    {
        await using var bundle = Open(parsed.GetRequiredValue(file));
        using var device = options.Open(parsed);
        var before = await ReadAsync(device, cancellationToken);
        var infoBefore = await device.TryCallAsync("Sys.GetInfo", cancellationToken);

        var answer = await UploadProgress.ShowAsync(
            Path.GetFileName(bundle.Name),
            bundle.Length,
            onSent => SendAsync(device, bundle, parsed, options.Timeout(parsed) ?? DefaultStall, onSent, cancellationToken));
        var asJson = parsed.GetValue(json);
        if (!asJson)
        {
            Console.Out.WriteLine(answer);
        }
        if (parsed.GetValue(noWait))
        {
            if (asJson)
            {
                Console.Out.WriteLine(RpcJson.ToPretty(new JsonObject { ["result"] = "accepted", ["answer"] = answer }));
            }
            return ExitCode.Done;
        }

        var watch = new UpdateWatch(device, before, UpdateWatch.Uptime(infoBefore), Console.Error.WriteLine);
        var (verdict, now) = await watch.FollowAsync(parsed.GetValue(commit), parsed.GetValue(wait) ?? DefaultWait, cancellationToken);
        var facts = new UpdateFacts(
            device.Address,
            before,
            before.Version ?? VersionOf(infoBefore),
            now.Version ?? VersionOf(await device.TryCallAsync("Sys.GetInfo", cancellationToken)),
            answer);
        return UpdateReport.Tell(verdict, now, facts, asJson);
    }

    private async Task<string> SendAsync(
        RemoteDevice device, FileStream bundle, ParseResult parsed, TimeSpan stall, Action<long> onSent, CancellationToken cancellationToken)
    {
        try
        {
            return await FirmwareUpload.SendAsync(
                device.Address.Update, bundle, parsed.GetValue(commitTimeout), stall, onSent, cancellationToken);
        }
        catch (RpcTransportException e) when (!e.NotReached)
        {
            // A device may close the connection instead of answering (older ones do when an update runs); its status knows more.
            var status = await device.TryCallAsync("OTA.Status", CancellationToken.None);
            throw new ToolException(status is null ? e.Message : $"{e.Message}; the device says: {OtaStatus.Read(status).Message}");
        }
    }

    private static async Task<OtaStatus> ReadAsync(RemoteDevice device, CancellationToken cancellationToken) =>
        await device.CallAsync("OTA.Status", null, cancellationToken) is JsonObject status
            ? OtaStatus.Read(status)
            : throw new ToolException("the device answered OTA.Status without a status");

    private static FileStream Open(FileInfo file)
    {
        if (Directory.Exists(file.FullName))
        {
            throw new ToolException($"{file} is a directory, expected a bundle (.zip)");
        }
        return file.Exists
            ? new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan)
            : throw new ToolException($"no such file: {file}");
    }

    private static string VersionOf(JsonObject? info) =>
        info?["fw_version"] is JsonValue value && value.TryGetValue<string>(out var version) ? version : "unknown";
}
