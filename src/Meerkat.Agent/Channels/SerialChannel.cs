using System.Globalization;
using Meerkat.Device;
using Meerkat.Rpc;
using Meerkat.Rpc.Channels;
using Meerkat.Rpc.Streams;
using Microsoft.Extensions.Hosting;

namespace Meerkat.Agent.Channels;

/// <summary>Calls by a serial line, <c>rpc.uart.*</c> (specification 7.5). The line may come and go.</summary>
internal sealed class SerialChannel(DeviceAgent agent, IHostApplicationLifetime lifetime) : PersistentChannel(agent, lifetime)
{
    private const int HardwareFlow = 1;
    private const int SoftwareFlow = 2;

    protected override string Name => "calls by serial line";

    protected override async Task<bool> ServeAsync(CancellationToken stopping)
    {
        var values = Agent.Config.Values;
        var path = values.Text("rpc.uart.device") is { Length: > 0 } named ? named
            : values.WholeNumber("rpc.uart.uart_no") is >= 0 and var number ? string.Create(CultureInfo.InvariantCulture, $"/dev/ttyS{number}")
            : "";
        if (path.Length == 0 || !values.Flag("rpc.enable"))
        {
            return false;
        }
        var rate = (int)values.WholeNumber("rpc.uart.baud_rate");
        if (!SerialStream.Rates.Contains(rate))
        {
            throw new IOException($"rpc.uart.baud_rate must be one of {string.Join(", ", SerialStream.Rates)}, found {rate}");
        }
        var flow = values.WholeNumber("rpc.uart.fc_type");
        await using var connection = new StreamConnection(
            SerialStream.Open(path, rate, flow == SoftwareFlow, flow == HardwareFlow),
            StreamOptions.Device(Agent.Calls.MaxFrameBytes, reason => Agent.Log($"{Name}: {path}: dropped {reason}")));
        Tell($"{Name}: answering on {path}");
        await new FrameServing(Agent.Calls, QueueLength).RunAsync(connection, new RpcPeer(RpcChannels.Serial, path), stopping);
        Tell($"{Name}: {path} was closed");
        return true;
    }
}
