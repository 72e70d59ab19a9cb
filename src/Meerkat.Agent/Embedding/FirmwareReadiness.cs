using System.Globalization;
using Meerkat.Core.Protocol;
using Meerkat.Device;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Meerkat.Agent;

/// <summary>
/// Tells the boot loader that the firmware is ready and lives. In a trial it is ready when the application has started and its health
/// checks agree; a committed firmware is ready when it has started, because a fault elsewhere is no reason to start it again and again.
/// </summary>
internal sealed class FirmwareReadiness : BackgroundService
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);

    private readonly DeviceAgent agent;
    private readonly MeerkatOptions options;
    private readonly HealthCheckService health;
    private readonly IHostApplicationLifetime lifetime;

    public FirmwareReadiness(
        DeviceAgent agent,
        MeerkatOptions options,
        HealthCheckService health,
        IHostApplicationLifetime lifetime,
        HostedLog log,
        ILoggerFactory loggers)
    {
        this.agent = agent;
        this.options = options;
        this.health = health;
        this.lifetime = lifetime;
        log.Use(loggers.CreateLogger("Meerkat"));
        if (options.HealthChecks)
        {
            agent.Commits.Application = ProblemAsync;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await StartedAsync(stoppingToken);
            var onTrial = options.HealthChecks && agent.StartedAs == "trial";
            if (onTrial)
            {
                await HealthyAsync(stoppingToken);
            }
            ReadyNotice.Send();
            await Task.WhenAll(onTrial ? StayHealthyAsync(stoppingToken) : Task.CompletedTask, PingAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The application ends.
        }
    }

    private async Task StartedAsync(CancellationToken cancellationToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(() => started.TrySetResult());
        await started.Task.WaitAsync(cancellationToken);
    }

    private async Task HealthyAsync(CancellationToken cancellationToken)
    {
        var told = "";
        while (await ProblemAsync(cancellationToken) is { Length: > 0 } problem)
        {
            if (problem != told)
            {
                agent.Log($"not ready: {problem}");
                told = problem;
            }
            await Task.Delay(AskAgain, agent.Time, cancellationToken);
        }
    }

    private async Task PingAsync(CancellationToken cancellationToken)
    {
        if (Interval() is not { } interval)
        {
            return;
        }
        using var timer = new PeriodicTimer(interval, agent.Time);
        do
        {
            ReadyNotice.Send("WATCHDOG=1"u8);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>
    /// A trial that commits by itself is given up when a check fails before it has: nobody else would look. One that somebody commits
    /// is looked at then.
    /// </summary>
    private async Task StayHealthyAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(AskAgain, agent.Time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                if (agent.Boot.Status() is not { Committed: false, CommitTimeout: 0 })
                {
                    return;
                }
                if (await ProblemAsync(cancellationToken) is { Length: > 0 } problem)
                {
                    agent.Log($"given up before it commits by itself: {problem}");
                    agent.Boot.Revert();
                    return;
                }
            }
            catch (RpcException fault)
            {
                agent.Log($"trial: {fault.Message}");
            }
        }
    }

    /// <summary>The checks that fail, in words; empty when none does.</summary>
    private async Task<string> ProblemAsync(CancellationToken cancellationToken)
    {
        var report = await health.CheckHealthAsync(cancellationToken);
        return string.Join("; ", report.Entries
            .Where(entry => entry.Value.Status == HealthStatus.Unhealthy)
            .Select(entry => $"{entry.Key}: {entry.Value.Description ?? entry.Value.Exception?.Message ?? "unhealthy"}"));
    }

    /// <summary>Half of the silence that the boot loader bears; none where nobody watches.</summary>
    private static TimeSpan? Interval() =>
        long.TryParse(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var silence)
            && silence > 1
            ? TimeSpan.FromMicroseconds(silence / 2)
            : null;
}
