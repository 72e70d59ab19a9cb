using System.CommandLine;
using Meerkat.Tool.Devices;
using Meerkat.Tool.Files;
using Meerkat.Tool.Output;

namespace Meerkat.Tool.Commands;

internal static class GetCommand
{
    public static Command Create()
    {
        var remote = new Argument<string>("FILE") { Description = "File on the device" };
        var local = new Argument<string?>("LOCAL")
        {
            Description = "File or directory here; standard output when left out or -",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("get", """
            Copy a file from a device.

            LOCAL gets its name when the copy is complete.

            Examples:
              meerkat get conf.json --port http://192.168.1.50
              meerkat get 'logs/last week.txt' ./ --port http://192.168.1.50
            """)
        {
            remote,
            local,
        };
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var device = options.Open(parsed);
            var (name, target) = (parsed.GetRequiredValue(remote), parsed.GetValue(local));
            if (target is null or "-")
            {
                await using var output = StandardOutput.Open();
                await new RemoteFiles(device).ReadAsync(name, data => output.WriteAsync(data, cancellationToken), cancellationToken);
                return ExitCode.Done;
            }
            var path = Directory.Exists(target) ? Path.Combine(target, RemotePath.Name(name)) : target;
            await using var file = LocalFile.Create(path);
            await new RemoteFiles(device).ReadAsync(name, data => file.Stream.WriteAsync(data, cancellationToken), cancellationToken);
            await file.KeepAsync(cancellationToken);
            return ExitCode.Done;
        });
        return command;
    }
}
