using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Tool.Devices;
using Meerkat.Tool.Files;

namespace Meerkat.Tool.Commands;

internal static class LsCommand
{
    public static Command Create()
    {
        var path = new Argument<string?>("PATH")
        {
            Description = "Directory on the device; its top when left out",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var json = new Option<bool>("--json") { Description = "Print what FS.ListExt answers" };
        var command = new Command("ls", """
            List files on a device with their sizes in bytes.

            Examples:
              meerkat ls --port http://192.168.1.50
              meerkat ls etc/certificates --json --port http://192.168.1.50
            """)
        {
            path,
            json,
        };
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var device = options.Open(parsed);
            var files = await ReadAsync(new RemoteFiles(device), parsed.GetValue(path) ?? "", cancellationToken);
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(RpcJson.ToPretty(new JsonArray([.. files.Select(file => file.Json.DeepClone())])));
            }
            else
            {
                Show(files);
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task<IReadOnlyList<RemoteFile>> ReadAsync(RemoteFiles files, string path, CancellationToken cancellationToken)
    {
        var found = await files.ListAsync(path, cancellationToken);
        if (found.Length > 0 || RemotePath.IsTop(path))
        {
            return found;
        }
        // An empty directory, a file, or nothing: the directory above knows.
        return await files.FindAsync(path, cancellationToken) switch
        {
            null => throw RemoteFiles.NoSuchFile(path),
            { IsDirectory: true } => [],
            var file => [file],
        };
    }

    private static void Show(IReadOnlyList<RemoteFile> files)
    {
        var sizes = files.Select(file => file.IsDirectory ? "" : file.Bytes.ToString(CultureInfo.InvariantCulture)).ToList();
        var width = sizes.Select(size => size.Length).DefaultIfEmpty().Max();
        foreach (var (file, size) in files.Zip(sizes))
        {
            // A name may hold what a terminal would obey.
            var name = string.Concat(file.Shown.Select(letter => char.IsControl(letter) ? '\uFFFD' : letter));
            Console.Out.WriteLine($"{size.PadLeft(width)}  {name}");
        }
    }
}
