namespace Meerkat.Tool.Devices;

/// <summary>Where a device is, from <c>--port</c>.</summary>
internal sealed record DeviceAddress(Uri Rpc, Uri Update)
{
    private const string Expected = "a device's address such as http://192.168.1.50 or http://127.0.0.1:8080/rpc";

    /// <summary>
    /// Reads <c>http(s)://HOST[:PORT][/PATH]</c> or <c>HOST[:PORT]</c>. Without a path calls go to <c>/rpc</c> (<c>mos</c> would post to
    /// <c>/</c>, where no device answers). Updates go to <c>update</c> beside the last part of the path.
    /// </summary>
    /// <exception cref="ToolException">The text is no such address.</exception>
    public static DeviceAddress Parse(string port)
    {
        var text = port.Contains("://", StringComparison.Ordinal) ? port : $"http://{port}";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0)
        {
            throw new ToolException($"--port must be {Expected}, found \"{port}\"", ExitCode.Usage);
        }
        if (uri.Scheme is not ("http" or "https"))
        {
            throw new ToolException($"--port must be {Expected}; {uri.Scheme}: is not supported yet", ExitCode.Usage);
        }
        var rpc = uri.AbsolutePath is "" or "/" ? new Uri(uri, "/rpc") : uri;
        return new DeviceAddress(rpc, new Uri(rpc, "update"));
    }

    /// <summary>As the user would type it after <c>--port</c>.</summary>
    public override string ToString() => Rpc.AbsolutePath == "/rpc" ? Rpc.GetLeftPart(UriPartial.Authority) : Rpc.ToString();
}
