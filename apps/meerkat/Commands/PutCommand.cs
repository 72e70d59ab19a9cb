using System.CommandLine;
using Meerkat.Tool.Devices;
using Meerkat.Tool.Files;
using Meerkat.Tool.Updates;

namespace Meerkat.Tool.Commands;

internal static class PutCommand
{
    private const string StandardInput = "-";

    public static Command Create()
    {
        var local = new Argument<string>("LOCAL") { Description = "File here; - for standard input" };
        var remote = new Argument<string?>("FILE")
        {
            Description = "File on the device, or a directory when it ends in a slash; the local name when left out",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("put", """
            Copy a file to a device, and check its size there.

            FILE is replaced when all of it has arrived; only a device without FS.Rename gets a large file
            under its name at once.

            Examples:
              meerkat put settings.json --port http://192.168.1.50
              meerkat put ca.pem etc/ --port http://192.168.1.50
              date | meerkat put - 'last visit.txt' --port http://192.168.1.50
            """)
        {
            local,
            remote,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(local) == StandardInput && (result.GetValue(remote) ?? "/").EndsWith('/'))
            {
                result.AddError("standard input has no name: give FILE, the name on the device.");
            }
        });
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var source = parsed.GetRequiredValue(local);
            var target = parsed.GetValue(remote);
            await using var content = source == StandardInput ? Console.OpenStandardInput() : Open(source);
            using var device = options.Open(parsed);
            var name = target is null || target.EndsWith('/') ? target + Path.GetFileName(source) : target;
            var files = new RemoteFiles(device);
            var bytes = content is FileStream { CanSeek: true } file
                ? await UploadProgress.ShowAsync(
                    name, file.Length, onSent => files.WriteAsync(name, content, onSent, cancellationToken))
                : await files.WriteAsync(name, content, _ => { }, cancellationToken);
            await Console.Error.WriteLineAsync($"{name}: {bytes} bytes on the device");
            return ExitCode.Done;
        });
        return command;
    }

    private static FileStream Open(string path)
    {
        if (Directory.Exists(path))
        {
            throw new ToolException($"{path} is a directory, expected a file");
        }
        return File.Exists(path)
            ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan)
            : throw new ToolException($"no such file: {path}");
    }
}
