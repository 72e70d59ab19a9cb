using System.CommandLine;
using System.CommandLine.Parsing;
using Meerkat.Rpc;
using Meerkat.Tool.Conformance;

namespace Meerkat.Tool.Devices;

/// <summary>The options of every command that talks to a device.</summary>
internal sealed class DeviceOptions
{
    private static readonly string[] PortVariables = ["MEERKAT_PORT", "MOS_PORT"];

    private readonly Option<string?> port = new("--port")
    {
        Description = "Device: http(s):// ws(s):// mqtt(s):// tcp:// udp:// or serial:// address, a line (/dev/ttyUSB0), or a device's folder here. Default: MEERKAT_PORT or MOS_PORT",
        HelpName = "URL",
    };

    private readonly AccessOptions access;
    private readonly Option<TimeSpan?> timeout;

    public DeviceOptions(Command command, string timeoutDescription = "How long the answer to a call may take. Default: 20s")
    {
        timeout = new Option<TimeSpan?>("--timeout")
        {
            Description = timeoutDescription,
            HelpName = "TIME",
            CustomParser = DurationText.Parse,
        };
        command.Options.Add(port);
        command.Options.Add(timeout);
        access = new AccessOptions(command);
    }

    /// <summary>Null when <c>--timeout</c> was not given.</summary>
    public TimeSpan? Timeout(ParseResult parsed) => parsed.GetValue(timeout);

    /// <exception cref="ToolException">No device was named, or the address is wrong.</exception>
    public RemoteDevice Open(ParseResult parsed) => new(Address(parsed), Timeout(parsed) ?? RpcClient.DefaultTimeout, access.Read(parsed));

    /// <summary>For frames that are not a client's.</summary>
    /// <inheritdoc cref="Open"/>
    public DeviceOnTrial OpenForTrial(ParseResult parsed) =>
        new(Address(parsed), access.Read(parsed), Timeout(parsed) ?? RpcClient.DefaultTimeout);

    private DeviceAddress Address(ParseResult parsed)
    {
        var named = parsed.GetValue(port)
            ?? PortVariables.Select(Environment.GetEnvironmentVariable).FirstOrDefault(value => !string.IsNullOrEmpty(value));
        return string.IsNullOrEmpty(named)
            ? throw new ToolException("which device? Give --port http://HOST[:PORT] or set MEERKAT_PORT", ExitCode.Usage)
            : DeviceAddress.Parse(named);
    }
}
