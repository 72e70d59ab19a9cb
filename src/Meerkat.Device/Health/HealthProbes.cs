using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using Meerkat.Boot;
using Meerkat.Boot.Posix;
using Meerkat.Core.Health;
using Meerkat.Core.Protocol;
using Meerkat.Core.Updates;
using Meerkat.Core.Values;
using Meerkat.Device.Configuration;
using Meerkat.Device.Downloads;
using Meerkat.Device.Updates;
using Meerkat.Storage;

namespace Meerkat.Device.Health;

/// <summary>Runs the probes of the firmware in a slot. Every fault of what is probed is a result, with words for people.</summary>
/// <param name="device">The device's root.</param>
/// <param name="slot">The firmware's.</param>
/// <param name="version">The firmware's.</param>
/// <param name="config">Says where broker and fleet are.</param>
/// <param name="connections">Connections that others keep.</param>
/// <param name="commits">Knows the checks of an application that hosts the agent.</param>
/// <param name="downloads">How the device shows itself to the fleet's server.</param>
/// <param name="time">Measures time-outs.</param>
internal sealed class HealthProbes(
    DeviceRoot device,
    SlotId slot,
    string version,
    ConfigStore config,
    ConnectionFacts connections,
    CommitGuard commits,
    Func<DownloadSettings> downloads,
    TimeProvider time) : IDisposable
{
    private const int MostHeaderKilobytes = 64;

    private readonly UserId owner = FirmwareUser.Of(device);

    /// <summary>A connection of its own for each question: an old one proves nothing of who listens now.</summary>
    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        PooledConnectionLifetime = TimeSpan.Zero,
        MaxResponseHeadersLength = MostHeaderKilobytes,
        MaxResponseDrainSize = 0,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public void Dispose() => http.Dispose();

    /// <exception cref="OperationCanceledException">The agent ends.</exception>
    public async Task<ProbeResult> RunAsync(HealthProbe probe, ProbeFacts facts, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(probe.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            // A command is killed when it is late, and that is waited for.
            return probe is HealthProbe.Command command
                ? await Task.Run(() => Execute(command, cancellationToken), CancellationToken.None).ConfigureAwait(false)
                : await LookAsync(probe, facts, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Fails(Invariant($"no answer within {probe.Timeout.TotalSeconds} s"));
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            // Whatever a probe comes to (a name that cannot be resolved, a certificate, an application's own fault) it did not hold.
            return Fails(fault is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: { } inner }
                ? $"no TLS: {inner.Message}"
                : fault.Message);
        }
    }

    private async Task<ProbeResult> LookAsync(HealthProbe probe, ProbeFacts facts, CancellationToken cancellationToken)
    {
        switch (probe)
        {
            case HealthProbe.Alive:
                return facts.Alive ? Holds("the process runs") : Fails("the process does not run");
            case HealthProbe.Ready:
                return facts.Ready ? Holds("ready") : Fails("not ready yet");
            case HealthProbe.Http ask:
                return await AskAsync(ask, cancellationToken).ConfigureAwait(false);
            case HealthProbe.Tcp connect:
                using (var client = new TcpClient())
                {
                    await client.ConnectAsync(connect.Host, connect.Port, cancellationToken).ConfigureAwait(false);
                    return Holds("connected");
                }
            case HealthProbe.Mqtt:
                return Setting("mqtt.server").Length == 0 ? Fails("mqtt is not configured: mqtt.server is empty")
                    : connections.MqttConnected ? Holds("connected")
                    : Fails(connections.MqttProblem);
            case HealthProbe.Fleet:
                return connections.FleetConnected ? Holds("connected") : await ReachAsync(cancellationToken).ConfigureAwait(false);
            case HealthProbe.Application when commits.Application is { } check:
                var problem = await check(cancellationToken).ConfigureAwait(false);
                return problem.Length == 0 ? Holds("healthy") : Fails(problem);
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private async Task<ProbeResult> AskAsync(HealthProbe.Http ask, CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync(ask.Url, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        var status = (int)answer.StatusCode;
        var held = ask.Status is { } expected ? status == expected : status is >= 200 and < 300;
        return held
            ? Holds(Invariant($"HTTP {status}"))
            : Fails(Invariant($"HTTP {status}, expected {(ask.Status is { } one ? Invariant($"{one}") : "200 to 299")}"));
    }

    private ProbeResult Execute(HealthProbe.Command command, CancellationToken cancellationToken)
    {
        var (end, output) = ShellCommand.Run(
            command.Line,
            $"{device.Path}/{SlotPaths.Files(slot)}",
            owner,
            FirmwareEnvironment.Of(device.Path, slot, version, trial: true, TimeSpan.Zero),
            command.Timeout,
            cancellationToken);
        if (end is not { } ended)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Fails(Invariant($"not ended within {command.Timeout.TotalSeconds} s, and killed"));
        }
        var text = $"{ended}{(output.Length > 0 ? $": {output}" : "")}";
        return ended is { Signal: 0, Code: 0 } ? Holds(text) : Fails(text);
    }

    /// <summary>
    /// Where no connection to the fleet's server is kept, what polling would ask is asked, but for the bundle itself: in a trial nothing
    /// polls.
    /// </summary>
    private async Task<ProbeResult> ReachAsync(CancellationToken cancellationToken)
    {
        switch (BundleAddresses.Parse(config.Values.Text("update.url")))
        {
            case BundleAddresses.Found({ IsEmpty: true }):
                return Fails(Setting("rpc.ws.server_address").Length > 0
                    ? connections.FleetProblem
                    : "no fleet is configured: update.url and rpc.ws.server_address are empty");
            case BundleAddresses.Found(var addresses):
                // Any of them will do, as for polling.
                var last = Fails("");
                foreach (var address in addresses)
                {
                    last = await ReachAsync(address, cancellationToken).ConfigureAwait(false);
                    if (last.Held)
                    {
                        break;
                    }
                }
                return last;
            case BundleAddresses.Rejected(var reason):
                return Fails($"update.url {reason}");
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private async Task<ProbeResult> ReachAsync(Uri address, CancellationToken cancellationToken)
    {
        try
        {
            var settings = downloads();
            if (address.Scheme == "https" && settings.TlsProblem.Length > 0)
            {
                return Fails(settings.TlsProblem);
            }
            using var client = DownloadClient.Make(settings, time);
            using var request = DownloadRequest.Get(settings, address, address);
            request.Headers.Range = new RangeHeaderValue(0, 0);
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            var text = Invariant($"HTTP {(int)answer.StatusCode} from {address.Authority}");
            return answer.StatusCode < HttpStatusCode.BadRequest ? Holds(text) : Fails(text);
        }
        catch (HttpRequestException fault)
        {
            return Fails($"{address.Authority}: {fault.Message}");
        }
        catch (CryptographicException fault)
        {
            return Fails($"a certificate file cannot be read: {fault.Message}");
        }
    }

    /// <summary>A text of the settings in force; empty where it is none.</summary>
    private string Setting(string key)
    {
        try
        {
            return config.Get(key, null) is { } value && value.GetValueKind() == System.Text.Json.JsonValueKind.String ? (string)value! : "";
        }
        catch (RpcException)
        {
            return "";
        }
    }

    private static ProbeResult Holds(string text) => new(true, text);

    private static ProbeResult Fails(string text) => new(false, text);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
