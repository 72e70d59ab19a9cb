using System.CommandLine;
using Meerkat.Rpc;
using Meerkat.Tool.Devices;
using Meerkat.Tool.Updates;

namespace Meerkat.Tool.Commands;

internal sealed class UpdateCommand
{
    private static readonly TimeSpan DefaultStall = TimeSpan.FromMinutes(10);

    private readonly Argument<FileInfo> file = new("FILE") { Description = "The bundle, a .zip" };
    private readonly Option<bool> noActivate = new("--no-activate")
    {
        Description = "Install and do not restart: \"meerkat activate\" does that later",
    };

    private readonly Option<bool> force = new("--force")
    {
        Description = "Send it also when it failed its trial on this device twice",
    };

    private readonly Option<int?> chunk = new("--chunk-size")
    {
        Description = "Send it by calls, in pieces of so many bytes. Default: POST /update where there is one",
        HelpName = "BYTES",
    };

    private readonly Command command = new("update", """
        Send a bundle to a device, wait for its restart, and say which version runs in which slot.
        Over HTTP it is posted to /update; over every other transport it goes in pieces, by OTA.Write.

        Exit codes: 0 the new firmware runs (and is committed with --commit), 1 error, 2 wrong usage,
        3 the device fell back.

        Examples:
          meerkat update build/fw.zip --port http://192.168.1.50 --commit-timeout 300
          meerkat update build/fw.zip --port http://192.168.1.50 --commit
          meerkat update build/fw.zip --port http://192.168.1.50 --no-activate
          meerkat update build/fw.zip --port http://192.168.1.50 --no-wait --json
          meerkat update build/fw.zip --port http://192.168.1.50 --force
          meerkat update build/fw.zip --port ws://192.168.1.50
          meerkat update build/fw.zip --port /dev/ttyUSB0 --chunk-size 512
        """);

    private readonly TrialFollowing following;
    private readonly DeviceOptions options;

    private UpdateCommand()
    {
        command.Arguments.Add(file);
        following = new TrialFollowing(command, "End when the device has accepted the bundle");
        command.Options.Add(noActivate);
        command.Options.Add(force);
        command.Options.Add(chunk);
        chunk.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1 or > 1 << 20)
            {
                result.AddError("--chunk-size must be from 1 to 1048576.");
            }
        });
        command.Validators.Add(result =>
        {
            if (result.GetValue(following.Commit) && result.GetValue(noActivate))
            {
                result.AddError("--commit needs the restart and excludes --no-activate.");
            }
        });
        options = new DeviceOptions(command, "Give up when the device takes nothing for so long. Default: 10m");
    }

    public static Command Create()
    {
        var update = new UpdateCommand();
        update.command.SetAction(update.RunAsync);
        return update.command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var bundle = Open(parsed.GetRequiredValue(file));
        using var device = options.Open(parsed);
        var before = await StatusBefore.ReadAsync(device, cancellationToken);
        var answer = await UploadProgress.ShowAsync(
            Path.GetFileName(bundle.Name), bundle.Length, onSent => SendAsync(device, bundle, parsed, onSent, cancellationToken));
        if (!parsed.GetValue(noActivate))
        {
            return await following.FollowAsync(device, before, answer, parsed, cancellationToken);
        }
        var now = await StatusBefore.StatusAsync(device, cancellationToken);
        var facts = await TrialFollowing.FactsAsync(device, before, now, answer, cancellationToken);
        return UpdateReport.TellInstalled(now, facts, following.Json(parsed));
    }

    private async Task<string> SendAsync(
        RemoteDevice device, FileStream bundle, ParseResult parsed, Action<long> onSent, CancellationToken cancellationToken)
    {
        var wishes = new UploadWishes(following.CommitTimeout(parsed), Activate: !parsed.GetValue(noActivate), Force: parsed.GetValue(force));
        var stall = options.Timeout(parsed) ?? DefaultStall;
        try
        {
            if (device.Address.Update is { } update && parsed.GetValue(chunk) is null)
            {
                try
                {
                    return await FirmwareUpload.SendAsync(update, device.Access, bundle, wishes, stall, onSent, cancellationToken);
                }
                catch (UploadClosedException)
                {
                    // The device takes no bundles there, but may take their pieces.
                }
            }
            return await PiecewiseUpload.SendAsync(device, bundle, wishes, parsed.GetValue(chunk), stall, onSent, cancellationToken);
        }
        catch (RpcTransportException e) when (!e.NotReached)
        {
            // A device may close the connection instead of answering (older ones do when an update runs); its status knows more.
            var status = await device.TryCallAsync("OTA.Status", CancellationToken.None);
            throw new ToolException(status is null ? e.Message : $"{e.Message}; the device says: {OtaStatus.Read(status).Message}");
        }
    }

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
}
