using System.Globalization;
using Meerkat.Agent;
using Meerkat.Boot;
using Meerkat.Core.Access;
using Meerkat.Core.Protocol;
using Meerkat.Core.Updates;
using Meerkat.Device;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>An application that hosts its device's agent itself (<c>"agent": "embedded"</c> in <c>board.json</c>).</summary>
public static class MeerkatApplication
{
    private const string Section = "Meerkat";
    private const string RootVariable = "MEERKAT_ROOT";

    /// <summary>
    /// Adds the device that this firmware runs on: updates, settings, calls, its listening address, and the word to the boot loader that
    /// the firmware is ready. Map its endpoints with <c>app.MapMeerkat()</c>.
    /// </summary>
    /// <param name="builder">The application's.</param>
    /// <param name="configure">Changes the options, after the configuration has.</param>
    /// <exception cref="InvalidOperationException">There is a device, and it cannot be used; the message says why and what to do.</exception>
    public static WebApplicationBuilder AddMeerkat(this WebApplicationBuilder builder, Action<MeerkatOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = Read(builder.Configuration.GetSection(Section));
        configure?.Invoke(options);
        builder.Services.AddSingleton(options);
        builder.Services.AddHealthChecks();
        var root = options.Root ?? Environment.GetEnvironmentVariable(RootVariable);
        if (string.IsNullOrEmpty(root))
        {
            return builder;
        }
        var log = new HostedLog();
        var agent = Open(root, log);
        agent.Gate.Application = (question, cancellationToken) => AskAsync(options, question, cancellationToken);
        builder.Services.AddSingleton(log);
        builder.Services.AddDevice(agent);
        builder.Services.AddHostedService<FirmwareReadiness>();
        if (options.Settings)
        {
            ((IConfigurationBuilder)builder.Configuration).Add(new DeviceSettingsSource(agent.Config));
        }
        if (options.Listen)
        {
            Listen(builder, agent);
        }
        return builder;
    }

    private static void Listen(WebApplicationBuilder builder, DeviceAgent agent)
    {
        var network = agent.Config.Values;
        if (!network.Flag("http.enable") || ListenAddress.Parse(network.Text("http.listen_addr")) is not ListenAddress.Parsed address)
        {
            return;
        }
        if (Exposure.Of(network).Refusal(agent.OpenRule) is { } forbidden)
        {
            throw new InvalidOperationException($"this device may not listen: {forbidden}");
        }
        ServerTls? tls;
        try
        {
            tls = ServerTls.Open(agent.AccessFiles, network, agent.Time, agent.AccessLog);
        }
        catch (InvalidDataException fault)
        {
            throw new InvalidOperationException($"cannot listen by TLS: {fault.Message}", fault);
        }
        agent.TellAccess(network);
        if (tls is not null)
        {
            builder.WebHost.ConfigureKestrel(options => Listening.Add(options, address, tls));
            return;
        }
        builder.WebHost.UseUrls(string.Create(
            CultureInfo.InvariantCulture, $"http://{(address.Address is { } one ? Host(one) : "*")}:{address.Port}"));
    }

    private static string Host(System.Net.IPAddress address) =>
        address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();

    private static MeerkatOptions Read(IConfigurationSection section)
    {
        var options = new MeerkatOptions();
        options.Root = section[nameof(options.Root)];
        options.PagePath = section[nameof(options.PagePath)] ?? options.PagePath;
        options.Listen = Flag(section, nameof(options.Listen), options.Listen);
        options.HealthChecks = Flag(section, nameof(options.HealthChecks), options.HealthChecks);
        options.Settings = Flag(section, nameof(options.Settings), options.Settings);
        return options;
    }

    private static bool Flag(IConfigurationSection section, string name, bool standard) => section[name] switch
    {
        null => standard,
        var text when bool.TryParse(text, out var flag) => flag,
        var text => throw new InvalidOperationException($"{Section}:{name} must be true or false, found \"{text}\""),
    };

    private static DeviceAgent Open(string root, HostedLog log)
    {
        try
        {
            return DeviceAgent.Open(root, TimeProvider.System, log.Write);
        }
        catch (Exception fault) when (fault is BootRefusedException or RpcException or IOException)
        {
            throw new InvalidOperationException(
                $"the device in {root} cannot be used: {fault.Message}. An application that hosts the agent is started by meerkat-boot, "
                + "with \"agent\": \"embedded\" in board.json, as the boot loader's own user",
                fault);
        }
    }

    private static async Task<GateAnswer> AskAsync(MeerkatOptions options, GateQuestion question, CancellationToken cancellationToken)
    {
        var asked = question.Point == GatePoint.Begin ? options.OnBegin : options.OnRestart;
        return asked is null ? new GateAnswer.Go() : await asked(question, cancellationToken);
    }
}
