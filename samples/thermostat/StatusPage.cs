using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Thermostat;

/// <summary>The firmware's state, as a page made from <c>index.html</c> in the file system and as JSON.</summary>
/// <param name="device">Where this firmware runs.</param>
/// <param name="settings">The settings, read again on each request when they changed.</param>
/// <param name="starts">How often this thermostat was started in this file system or its ancestors.</param>
internal sealed class StatusPage(DeviceEnvironment device, SettingsFile settings, long starts)
{
    private readonly long started = TimeProvider.System.GetTimestamp();
    private readonly Lock visitsLock = new();

    public Task WriteHtmlAsync(HttpContext context)
    {
        lock (visitsLock)
        {
            Counter.Increment(Path.Combine(device.Data, "visits"));
        }
        var now = settings.Current();
        var slot = device.Slot?.ToString(CultureInfo.InvariantCulture) ?? "none";
        var html = new StringBuilder(ReadText("index.html", "<!doctype html><title>{{name}}</title><p>{{name}} "
                + "{{version}}, slot {{slot}}, {{trial}}, target {{target}} °C, start {{counter}} (index.html is missing)"))
            .Replace("{{accent}}", ReadText("accent.css", ""))
            .Replace("{{welcome}}", WebUtility.HtmlEncode(ReadText("welcome.txt", "").Trim()))
            .Replace("{{version}}", WebUtility.HtmlEncode(Build.Version))
            .Replace("{{slot}}", slot)
            .Replace("{{trial}}", device.Trial ? "on trial" : "committed")
            .Replace("{{target}}", now.Target.ToString("0.0", CultureInfo.InvariantCulture))
            .Replace("{{counter}}", starts.ToString(CultureInfo.InvariantCulture))
            .Replace("{{uptime}}", UptimeSeconds().ToString(CultureInfo.InvariantCulture))
            // Last: a name that contains a placeholder stays what it is.
            .Replace("{{name}}", WebUtility.HtmlEncode(now.Name));
        return Write(context, "text/html; charset=utf-8", html.ToString());
    }

    public Task WriteJsonAsync(HttpContext context)
    {
        var now = settings.Current();
        var status = new JsonObject
        {
            ["version"] = Build.Version,
            ["slot"] = device.Slot,
            ["trial"] = device.Trial,
            ["target"] = now.Target,
            ["name"] = now.Name,
            ["counter"] = starts,
            ["uptime"] = UptimeSeconds(),
            ["files"] = new JsonArray([.. Files().Select(name => JsonValue.Create(name))]),
        };
        return Write(context, "application/json", status.ToJsonString() + "\n");
    }

    private static Task Write(HttpContext context, string contentType, string body)
    {
        context.Response.ContentType = contentType;
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(body, context.RequestAborted);
    }

    private long UptimeSeconds() => (long)TimeProvider.System.GetElapsedTime(started).TotalSeconds;

    private string[] Files()
    {
        try
        {
            var names = Directory.EnumerateFileSystemEntries(device.FileSystem).Select(path => Path.GetFileName(path)!);
            return [.. names.Order(StringComparer.Ordinal)];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private string ReadText(string name, string otherwise)
    {
        try
        {
            return File.ReadAllText(Path.Combine(device.FileSystem, name));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return otherwise;
        }
    }
}
