using System.Globalization;
using System.Net.Sockets;
using Thermostat;

var device = DeviceEnvironment.Read();
var settings = new SettingsFile(device.ConfigPath);
if (Misbehaviour.Named(Build.Behaviour) is { } misbehave)
{
    misbehave(device, settings.Current());
}

var listenAddress = settings.Current().ListenAddress;
if (!ListenAddress.TryParse(listenAddress, out var endPoint))
{
    await Console.Error.WriteLineAsync(
        $"thermostat: thermostat.listen_addr must be ADDRESS:PORT or :PORT, but is \"{listenAddress}\" in "
        + $"{device.ConfigPath ?? "the defaults"}");
    return 2;
}

var starts = Counter.Increment(Path.Combine(device.FileSystem, "counter.txt"));
var page = new StatusPage(device, settings, starts);

var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
{
    // The working directory may vanish under a running firmware, and nothing on a device should watch files.
    ContentRootPath = AppContext.BaseDirectory,
    Args = ["--hostBuilder:reloadConfigOnChange=false"],
});
builder.Logging.SetMinimumLevel(LogLevel.Warning);
// A start that fails is reported below, in one line.
builder.Logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(2));
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(endPoint));

await using var app = builder.Build();
app.MapGet("/", page.WriteHtmlAsync);
app.MapGet("/status", page.WriteJsonAsync);

using var supervisor = new SupervisorSocket(
    Environment.GetEnvironmentVariable("NOTIFY_SOCKET"), Environment.GetEnvironmentVariable("WATCHDOG_USEC"));
try
{
    await app.StartAsync();
}
catch (Exception fault) when (fault is IOException or SocketException)
{
    await Console.Error.WriteLineAsync($"thermostat: cannot listen on {endPoint}: {fault.Message}");
    return 1;
}

Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
    $"thermostat {Build.Version} in slot {device.Slot} listens on http://{endPoint}/ (start {starts})"));
supervisor.Send($"READY=1\nSTATUS=listens on http://{endPoint}/");
var watchdog = supervisor.FeedWatchdogAsync(TimeProvider.System, app.Lifetime.ApplicationStopping);
await app.WaitForShutdownAsync();
await watchdog;
return 0;
