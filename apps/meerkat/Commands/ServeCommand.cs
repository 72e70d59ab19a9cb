using System.CommandLine;
using System.Net;
using Meerkat.Tool.Serving;

namespace Meerkat.Tool.Commands;

internal static class ServeCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("FOLDER") { Description = "The folder whose files are served" };
        var listen = new Option<string>("--listen")
        {
            Description = "Address and port",
            DefaultValueFactory = _ => "127.0.0.1:9000",
        };
        var command = new Command("serve", """
            Serve a folder of bundles by HTTP, for devices that pull. Ends with Ctrl-C.

            Examples:
              meerkat serve build
              meerkat serve build --listen 192.168.1.10:9000
              meerkat call OTA.Update '{"url": "http://127.0.0.1:9000/fw.zip"}' --port http://192.168.1.50
            """)
        {
            folder,
            listen,
        };
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(parsed.GetRequiredValue(folder), parsed.GetRequiredValue(listen), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string folder, string listen, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder))
        {
            throw new ToolException($"{folder} is not a folder");
        }
        using var listener = new HttpListener();
        try
        {
            listener.Prefixes.Add($"http://{listen}/");
            listener.Start();
        }
        catch (Exception fault) when (fault is HttpListenerException or ArgumentException)
        {
            throw new ToolException($"cannot listen on {listen}: {fault.Message}; expected ADDRESS:PORT, such as 127.0.0.1:9000");
        }
        Console.Error.WriteLine($"Serving {folder} at http://{listen}/ until Ctrl-C");
        await new FileSite(folder, Console.Error.WriteLine).RunAsync(listener, cancellationToken);
        return ExitCode.Done;
    }
}
