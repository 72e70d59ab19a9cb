using Greenhouse;
using Meerkat.Core.Updates;
using Microsoft.Extensions.Diagnostics.HealthChecks;

var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
{
    // The working directory is the slot's file system; nothing on a device should watch files.
    ContentRootPath = AppContext.BaseDirectory,
    Args = ["--hostBuilder:reloadConfigOnChange=false"],
});
builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
var valve = new Valve();

// The device: updates, settings, calls, its page, its listening address.
builder.AddMeerkat(options =>
{
    options.OnBegin = (update, _) => ValueTask.FromResult(valve.MayUpdate(update));
    options.OnRestart = (update, _) => ValueTask.FromResult(valve.MayUpdate(update));
});

// A firmware whose sensor does not answer is never ready, and the device falls back.
builder.Services.AddHealthChecks().AddCheck("sensor", () => Sensor.Answers(builder.Configuration)
    ? HealthCheckResult.Healthy()
    : HealthCheckResult.Unhealthy("the soil sensor does not answer"));

var app = builder.Build();
app.MapMeerkat();
app.MapGet("/", (IConfiguration settings) => Results.Text(
    $"greenhouse {Environment.GetEnvironmentVariable("MEERKAT_VERSION") ?? "on a desk"}, "
    + $"waters below {settings["greenhouse:dry_below"] ?? "30"} %, valve {(valve.IsOpen ? "open" : "shut")}\n"));
app.MapPost("/valve/{state}", (string state) => valve.IsOpen = state == "open");
app.Run();
