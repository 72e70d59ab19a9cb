using Meerkat.Core.Updates;

namespace Meerkat.Agent;

/// <summary>
/// How an application hosts its device's agent. What is set in code counts; what is not may be set in the section <c>Meerkat</c> of the
/// application's configuration (<c>Meerkat:Root</c>, <c>Listen</c>, <c>PagePath</c>, <c>HealthChecks</c>, <c>Settings</c>).
/// </summary>
public sealed class MeerkatOptions
{
    /// <summary>
    /// The device's root directory. Default: the variable <c>MEERKAT_ROOT</c>, which the boot loader gives its firmware. Without either
    /// there is no device (a developer's machine): the application runs, and the device's endpoints answer 503.
    /// </summary>
    public string? Root { get; set; }

    /// <summary>Listen on the device's <c>http.listen_addr</c>, in place of the application's own addresses. Default: true.</summary>
    public bool Listen { get; set; } = true;

    /// <summary>Where the device's page is; empty: nowhere. Default: <c>/meerkat</c>.</summary>
    public string PagePath { get; set; } = "/meerkat";

    /// <summary>
    /// The device's settings (<c>conf.json</c> and what lies under it) are configuration of the application, and reload when they
    /// change: <c>thermostat.target</c> is <c>thermostat:target</c>. Default: true.
    /// </summary>
    public bool Settings { get; set; } = true;

    /// <summary>
    /// Ask the application's health checks: in a trial the firmware says that it is ready only when all of them are healthy or degraded,
    /// and a commit by command is refused while one is not. Default: true.
    /// </summary>
    public bool HealthChecks { get; set; } = true;

    /// <summary>
    /// May veto or delay an update whose manifest is accepted, before anything is written; the BEGIN event of Mongoose OS. An exception
    /// counts as no, and so does no answer within the setting <c>update.gate_timeout</c>; the update waits meanwhile.
    /// </summary>
    public Func<GateQuestion, CancellationToken, ValueTask<GateAnswer>>? OnBegin { get; set; }

    /// <summary>As <see cref="OnBegin"/>, before the restart into an installed update. <c>Wait</c> is asked again every ten seconds.</summary>
    public Func<GateQuestion, CancellationToken, ValueTask<GateAnswer>>? OnRestart { get; set; }
}
