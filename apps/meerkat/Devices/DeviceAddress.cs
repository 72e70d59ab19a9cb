using Meerkat.Rpc.Client;

namespace Meerkat.Tool.Devices;

/// <summary>Where a device is, from <c>--port</c>.</summary>
/// <param name="Rpc">Where calls go.</param>
/// <param name="Update">Where bundles are posted; null where only calls carry them.</param>
internal sealed record DeviceAddress(Uri Rpc, Uri? Update)
{
    private const string Expected =
        "a device's address such as http://192.168.1.50, ws://HOST, tcp://HOST:PORT, /dev/ttyUSB0 or the folder of a device on this machine";

    /// <summary>
    /// Reads an address with a scheme, <c>HOST[:PORT]</c> (HTTP), the name of a serial line, or a device's folder on this machine. Over HTTP and
    /// WebSocket calls go to <c>/rpc</c> where no path is given (<c>mos</c> would post to <c>/</c>, where no device answers). Updates go to
    /// <c>update</c> beside the last part of the path.
    /// </summary>
    /// <exception cref="ToolException">The text is no such address.</exception>
    public static DeviceAddress Parse(string port)
    {
        var text = port.Contains("://", StringComparison.Ordinal) ? port : Local(port) ?? $"http://{port}";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || (uri.Scheme is not ("serial" or "unix") && uri.Host.Length == 0))
        {
            throw new ToolException($"--port must be {Expected}, found \"{port}\"", ExitCode.Usage);
        }
        if (!RpcTransports.Schemes.Contains(uri.Scheme))
        {
            throw new ToolException(
                $"--port must be {Expected}; {uri.Scheme}: is none of {string.Join(", ", RpcTransports.Schemes)}", ExitCode.Usage);
        }
        return uri.Scheme switch
        {
            "http" or "https" => new DeviceAddress(WithPath(uri), new Uri(WithPath(uri), "update")),
            "ws" or "wss" => new DeviceAddress(WithPath(uri), null),
            "tcp" or "udp" when uri.Port <= 0 => throw new ToolException($"{port} needs a port: {uri.Scheme}://HOST:PORT", ExitCode.Usage),
            _ => new DeviceAddress(uri, null),
        };
    }

    /// <summary>As the user would type it after <c>--port</c>.</summary>
    public override string ToString() => Rpc switch
    {
        { AbsolutePath: "/rpc", Scheme: "http" or "https" or "ws" or "wss" } => Rpc.GetLeftPart(UriPartial.Authority),
        { Scheme: "unix" or "serial", Query: "" } => Rpc.AbsolutePath,
        // Who may call is not for a screen.
        { UserInfo.Length: > 0 } => new UriBuilder(Rpc) { UserName = "", Password = "" }.Uri.ToString(),
        _ => Rpc.ToString(),
    };

    /// <summary>Files of this machine: a line, a socket, or a device's folder with its socket in it.</summary>
    private static string? Local(string port)
    {
        var path = Path.GetFullPath(port);
        if (Directory.Exists(path) && File.Exists(Path.Combine(path, "board.json")))
        {
            return $"unix://{Path.Combine(path, "run/agent.sock")}";
        }
        return !port.StartsWith('/') ? null : path.StartsWith("/dev/", StringComparison.Ordinal) ? $"serial://{path}" : $"unix://{path}";
    }

    private static Uri WithPath(Uri uri) => uri.AbsolutePath is "" or "/" ? new Uri(uri, "/rpc") : uri;
}
