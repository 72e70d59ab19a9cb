using System.Net.Sockets;
using Meerkat.Agent.Page;
using Meerkat.Boot;
using Meerkat.Core.Access;
using Meerkat.Core.Protocol;
using Meerkat.Core.Settings;
using Meerkat.Device;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Meerkat.Agent;

/// <summary>The agent as a program of its own beside the firmware, started by the boot loader.</summary>
internal static class AgentProgram
{
    private const int Refused = 1;

    /// <summary>EX_CONFIG of sysexits.h: in a trial the boot loader falls back on it.</summary>
    private const int UnusableConfiguration = 78;

    /// <summary>A restart must not wait for who still sends or receives.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Serves a device until SIGTERM.</summary>
    /// <param name="root">The device's directory.</param>
    /// <param name="lines">Where log lines go.</param>
    /// <param name="watch">Begins what looks at the device from outside; disposed of at the end.</param>
    /// <returns>0 ended by a signal, 1 no device or no boot loader, 78 the configuration does not allow to listen.</returns>
    public static async Task<int> RunAsync(string root, AgentLog lines, Func<DeviceAgent, IDisposable?> watch)
    {
        Action<string> log = lines.Write;
        DeviceAgent agent;
        try
        {
            agent = DeviceAgent.Open(root, TimeProvider.System, log);
        }
        catch (Exception fault) when (fault is BootRefusedException or RpcException or IOException)
        {
            log($"Error: {fault.Message}");
            return Refused;
        }
        using var watching = watch(agent);
        lines.Level = agent.Config.Values.WholeNumber("debug.level");
        if (await TryServeAsync(agent, agent.Config.Values, lines) is not { } problem)
        {
            return 0;
        }
        log($"Error: {problem}");
        var mode = Environment.GetEnvironmentVariable("MEERKAT_MODE") is { Length: > 0 } named ? named : agent.StartedAs;
        if (mode != "committed" || agent.LastCommittedNetwork() is not { } last)
        {
            await agent.DisposeAsync();
            return UnusableConfiguration;
        }
        log($"WARNING: the slot's own network settings cannot be used; listening with those of the last commit "
            + $"({RunConfiguration.NetworkPath}: {last.Text("http.listen_addr")}). Correct http.listen_addr with Config.Set.");
        agent.AccessFiles.Kept = true;
        if (await TryServeAsync(agent, last, lines) is not { } again)
        {
            return 0;
        }
        log($"Error: {again}");
        await agent.DisposeAsync();
        return UnusableConfiguration;
    }

    /// <summary>Serves until the end; why it could not begin in words.</summary>
    private static async Task<string?> TryServeAsync(DeviceAgent agent, SettingValues network, AgentLog log)
    {
        ListenAddress.Parsed? address = null;
        if (!network.Flag("http.enable") && !agent.MayBeSilent)
        {
            return "http.enable is false, and only board.json may say so: nobody could reach this device again";
        }
        if (network.Flag("http.enable"))
        {
            switch (ListenAddress.Parse(network.Text("http.listen_addr")))
            {
                case ListenAddress.Parsed parsed:
                    address = parsed;
                    break;
                case ListenAddress.Rejected rejected:
                    return rejected.Reason;
                default:
                    throw new System.Diagnostics.UnreachableException();
            }
        }
        var exposure = Exposure.Of(network);
        if (exposure.Refusal(agent.OpenRule) is { } forbidden)
        {
            return forbidden;
        }
        ServerTls? tls;
        try
        {
            tls = ServerTls.Open(agent.AccessFiles, network, agent.Time, agent.AccessLog);
        }
        catch (InvalidDataException fault)
        {
            return $"cannot listen by TLS: {fault.Message}";
        }
        var app = Build(agent, address, tls, log);
        try
        {
            await app.StartAsync();
        }
        catch (Exception fault) when (fault is IOException or SocketException or InvalidOperationException)
        {
            // What has started besides the server ends; to dispose of the application would end the device, which is tried with other settings.
            await app.StopAsync();
            return $"cannot listen on {network.Text("http.listen_addr")}: {fault.Message}";
        }
        log.Write(address is null ? "http.enable is false: nothing listens" : $"{agent.Identity.Id} listens on {string.Join(", ", app.Urls)}");
        agent.TellAccess(network);
        ReadyNotice.Send();
        await app.WaitForShutdownAsync();
        await app.DisposeAsync();
        return null;
    }

    private static WebApplication Build(DeviceAgent agent, ListenAddress.Parsed? address, ServerTls? tls, AgentLog log)
    {
        // No file and no variable of the environment configures this program: the device's settings do.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        var framework = new LineLogger(log, log.Level);
        builder.Logging.AddProvider(framework).SetMinimumLevel(framework.Least);
        builder.Services.AddRoutingCore();
        builder.Services.AddDevice(agent);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = ShutdownTimeout);
        builder.Services.Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true);
        if (address is null)
        {
            builder.Services.AddSingleton<IServer, SilentServer>();
        }
        else
        {
            builder.WebHost.UseKestrelCore().ConfigureKestrel(options => Configure(options, address, tls));
            // After the server's own, which counts otherwise.
            builder.Services.AddSingleton<IMemoryPoolFactory<byte>, ReceiveBlocks>();
        }
        var app = builder.Build();
        app.Use(next => context =>
        {
            HeapBound.Keep();
            return next(context);
        });
        app.UseRouting();
        app.MapMeerkat();
        MeerkatPage.Map(app, "/");
        app.MapFallback(app.Services.GetRequiredService<HttpAccess>().Guard(context => Answers.TextAsync(
            context, StatusCodes.Status404NotFound,
            "nothing here; a device has its page at /, and /update, /update/commit, /update/revert, /rpc, /metrics and /healthz\r\n")));
        return app;
    }

    private static void Configure(KestrelServerOptions options, ListenAddress.Parsed address, ServerTls? tls)
    {
        options.AddServerHeader = false;
        ClientBounds.Set(options.Limits);
        Listening.Add(options, address, tls);
    }
}
