using System.CommandLine;
using Meerkat.Tool.Devices;
using Meerkat.Tool.Files;

namespace Meerkat.Tool.Commands;

internal static class RmCommand
{
    public static Command Create()
    {
        var names = new Argument<string[]>("FILE") { Description = "Files or empty directories on the device", Arity = ArgumentArity.OneOrMore };
        var command = new Command("rm", """
            Remove files on a device.

            Examples:
              meerkat rm 'old notes.txt' cache.bin --port http://192.168.1.50
            """)
        {
            names,
        };
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var device = options.Open(parsed);
            var files = new RemoteFiles(device);
            foreach (var name in parsed.GetRequiredValue(names))
            {
                await files.RemoveAsync(name, cancellationToken);
            }
            return ExitCode.Done;
        });
        return command;
    }
}
