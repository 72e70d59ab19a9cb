using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Meerkat.Core.Settings;
using Meerkat.Core.Values;

namespace Meerkat.Core.Health;

/// <summary>Reads a health contract, strictly: a check that was meant and is not made would commit a bad firmware.</summary>
public sealed class HealthContractParser
{
    private const int MaxDepth = 8;
    private const int MaxNameBytes = 32;
    private const int MaxTextBytes = 1024;
    private const int MaxTimeoutSeconds = 600;
    private const int MaxIntervalSeconds = 3600;

    private static readonly string[] Kinds = ["alive", "ready", "http", "tcp", "command", "mqtt", "fleet"];
    private static readonly string[] Members = ["min_time", "max_time", "interval", "probes"];

    private readonly HashSet<string> names = new(StringComparer.Ordinal);
    private string? problem;

    private HealthContractParser()
    {
    }

    /// <summary>The contract of a bundle: its <c>health.json</c>.</summary>
    public static HealthReading OfFile(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > HealthContract.MostBytes)
        {
            return Damaged($"expected at most {HealthContract.MostBytes} bytes, found {utf8.Length}");
        }
        JsonElement root;
        try
        {
            root = StrictJson.Parse(utf8, MaxDepth);
        }
        catch (JsonException fault)
        {
            return Damaged($"expected JSON: {fault.Message}");
        }
        var parser = new HealthContractParser();
        var contract = parser.Read(root);
        return parser.problem is { } problem ? Damaged(problem) : new HealthReading.Found(contract!);
    }

    /// <summary>The contract of the keys <c>health.*</c>; none when they name no probe.</summary>
    public static HealthReading OfKeys(SettingValues settings)
    {
        var parser = new HealthContractParser();
        var probes = parser.Probes(settings);
        var min = settings.WholeNumber("health.min_time");
        var max = settings.WholeNumber("health.max_time");
        if (parser.problem is null && probes.Length > 0)
        {
            parser.CheckTimes(min, max, "health.");
        }
        return parser.problem is { } problem ? new HealthReading.Damaged(problem)
            : probes.IsEmpty ? new HealthReading.None()
            : new HealthReading.Found(new HealthContract(Seconds(min), Seconds(max), HealthContract.DefaultInterval, probes));
    }

    private static HealthReading.Damaged Damaged(FormattableString text) => Damaged(Invariant(text));

    private static HealthReading.Damaged Damaged(string text) => new($"{HealthContract.FileName}: {text}");

    private ImmutableArray<HealthProbe> Probes(SettingValues settings)
    {
        var probes = ImmutableArray.CreateBuilder<HealthProbe>();
        if (settings.Flag("health.alive"))
        {
            probes.Add(new HealthProbe.Alive(FreeName("alive")));
        }
        if (settings.Flag("health.ready"))
        {
            probes.Add(new HealthProbe.Ready(FreeName("ready")));
        }
        foreach (var url in Words(settings.Text("health.http")))
        {
            probes.Add(new HealthProbe.Http(FreeName("http"), Url("health.http", url)!, null));
        }
        foreach (var address in Words(settings.Text("health.tcp")))
        {
            var (host, port) = Address("health.tcp", address);
            probes.Add(new HealthProbe.Tcp(FreeName("tcp"), host, port));
        }
        if (settings.Text("health.command") is { Length: > 0 } line)
        {
            probes.Add(new HealthProbe.Command(FreeName("command"), line));
        }
        if (settings.Flag("health.mqtt"))
        {
            probes.Add(new HealthProbe.Mqtt(FreeName("mqtt")));
        }
        if (settings.Flag("health.fleet"))
        {
            probes.Add(new HealthProbe.Fleet(FreeName("fleet")));
        }
        if (probes.Count > HealthContract.MostProbes)
        {
            Refuse($"health: expected at most {HealthContract.MostProbes} probes, found {probes.Count}");
        }
        return probes.ToImmutable();
    }

    private static string[] Words(string text) =>
        text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private HealthContract? Read(JsonElement root)
    {
        if (!IsObject(root, ""))
        {
            return null;
        }
        long min = 0, max = (long)HealthContract.DefaultMaxTime.TotalSeconds, interval = (long)HealthContract.DefaultInterval.TotalSeconds;
        ImmutableArray<HealthProbe>? probes = null;
        foreach (var member in root.EnumerateObject())
        {
            switch (member.Name)
            {
                case "min_time": min = Number("min_time", member.Value, 0, HealthContract.MostSeconds); break;
                case "max_time": max = Number("max_time", member.Value, 1, HealthContract.MostSeconds); break;
                case "interval": interval = Number("interval", member.Value, 1, MaxIntervalSeconds); break;
                case "probes": probes = ReadProbes(member.Value); break;
                default: Refuse($"expected {string.Join(", ", Members)}, found \"{Shown(member.Name)}\""); break;
            }
        }
        CheckTimes(min, max, "");
        if (probes is null)
        {
            Refuse("expected \"probes\", found none");
        }
        return problem is null ? new HealthContract(Seconds(min), Seconds(max), Seconds(interval), probes!.Value) : null;
    }

    /// <summary>A trial that may end when it may be committed at the earliest would be a matter of luck.</summary>
    private void CheckTimes(long min, long max, string prefix)
    {
        if (max <= min)
        {
            Refuse($"{prefix}max_time: expected more than {prefix}min_time, which is {min} s, found {max} s");
        }
    }

    private ImmutableArray<HealthProbe>? ReadProbes(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 or > HealthContract.MostProbes)
        {
            Refuse($"probes: expected an array of 1 to {HealthContract.MostProbes} probes, found {(value.ValueKind == JsonValueKind.Array ? Invariant($"{value.GetArrayLength()}") : Kind(value))}");
            return null;
        }
        var probes = ImmutableArray.CreateBuilder<HealthProbe>();
        var all = value.EnumerateArray().ToList();
        // Names that are given come first: those that are made must not take them away.
        var given = all.Select((probe, index) => GivenName(probe, Invariant($"probes[{index}]"))).ToList();
        for (var index = 0; index < all.Count && problem is null; index++)
        {
            if (ReadProbe(all[index], given[index], Invariant($"probes[{index}]")) is { } probe)
            {
                probes.Add(probe);
            }
        }
        return probes.ToImmutable();
    }

    private string? GivenName(JsonElement probe, string where)
    {
        if (probe.ValueKind != JsonValueKind.Object || !probe.TryGetProperty("name", out var value))
        {
            return null;
        }
        var name = Text($"{where}.name", value, MaxNameBytes);
        if (name is not null && !names.Add(name))
        {
            Refuse($"{where}.name: expected a name of its own, found \"{Shown(name)}\" again");
        }
        return name;
    }

    private HealthProbe? ReadProbe(JsonElement probe, string? name, string where)
    {
        if (!IsObject(probe, where))
        {
            return null;
        }
        var kinds = probe.EnumerateObject().Select(member => member.Name).Where(Kinds.Contains).ToList();
        if (kinds is not [var kind])
        {
            Refuse($"{where}: expected one of {string.Join(", ", Kinds)}, found {(kinds.Count == 0 ? "none" : string.Join(" and ", kinds))}");
            return null;
        }
        long timeout = (long)HealthProbe.DefaultTimeout.TotalSeconds;
        int? status = null;
        foreach (var member in probe.EnumerateObject())
        {
            switch (member.Name)
            {
                case "name": break;
                case "timeout": timeout = Number($"{where}.timeout", member.Value, 1, MaxTimeoutSeconds); break;
                case "status" when kind == "http": status = (int)Number($"{where}.status", member.Value, 100, 599); break;
                case var other when other == kind: break;
                default:
                    Refuse($"{where}: expected name, timeout{(kind == "http" ? ", status" : "")} and \"{kind}\", found \"{Shown(member.Name)}\"");
                    break;
            }
        }
        var read = ReadKind(kind, name ?? FreeName(kind), probe.GetProperty(kind), status, $"{where}.{kind}");
        return read is null ? null : read with { Timeout = Seconds(timeout) };
    }

    private HealthProbe? ReadKind(string kind, string name, JsonElement value, int? status, string where)
    {
        switch (kind)
        {
            case "http":
                return Text(where, value, MaxTextBytes) is { } text && Url(where, text) is { } url ? new HealthProbe.Http(name, url, status) : null;
            case "tcp":
                return Text(where, value, MaxTextBytes) is { } address && Address(where, address) is { Port: > 0 } found
                    ? new HealthProbe.Tcp(name, found.Host, found.Port)
                    : null;
            case "command":
                return Text(where, value, MaxTextBytes) is { } line ? new HealthProbe.Command(name, line) : null;
            default:
                if (value.ValueKind != JsonValueKind.True)
                {
                    Refuse($"{where}: expected true, found {Kind(value)}");
                    return null;
                }
                return kind switch
                {
                    "alive" => new HealthProbe.Alive(name),
                    "ready" => new HealthProbe.Ready(name),
                    "mqtt" => new HealthProbe.Mqtt(name),
                    _ => new HealthProbe.Fleet(name),
                };
        }
    }

    private Uri? Url(string where, string text)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Scheme: "http" or "https", Host.Length: > 0, UserInfo.Length: 0 })
        {
            return url;
        }
        Refuse($"{where}: expected an address like http://127.0.0.1:8081/healthz, found \"{Shown(text)}\"");
        return null;
    }

    private (string Host, int Port) Address(string where, string text)
    {
        var colon = text.LastIndexOf(':');
        var host = colon > 0 ? text[..colon] : "";
        var bare = host is ['[', .. var inner, ']'] ? inner : host;
        if (bare.Length > 0 && (bare.Contains(':', StringComparison.Ordinal) == (bare.Length < host.Length)) && Uri.CheckHostName(bare) != UriHostNameType.Unknown
            && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535)
        {
            return (bare, port);
        }
        Refuse($"{where}: expected host and port like 127.0.0.1:5432, found \"{Shown(text)}\"");
        return ("", 0);
    }

    /// <summary>What a probe without a name is called: its kind, numbered from the second on.</summary>
    private string FreeName(string kind)
    {
        for (var number = 1; ; number++)
        {
            var name = number == 1 ? kind : Invariant($"{kind} {number}");
            if (names.Add(name))
            {
                return name;
            }
        }
    }

    private bool IsObject(JsonElement value, string where)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            return true;
        }
        Refuse($"{(where.Length > 0 ? where + ": " : "")}expected an object, found {Kind(value)}");
        return false;
    }

    private long Number(string where, JsonElement value, long min, long max)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= min && number <= max)
        {
            return number;
        }
        Refuse(Invariant($"{where}: expected a whole number from {min} to {max}, found {(value.ValueKind == JsonValueKind.Number ? Shown(value.GetRawText()) : Kind(value))}"));
        return max;
    }

    private string? Text(string where, JsonElement value, int maxBytes)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            Refuse($"{where}: expected a text, found {Kind(value)}");
            return null;
        }
        var text = value.GetString()!;
        if (string.IsNullOrWhiteSpace(text) || Encoding.UTF8.GetByteCount(text) > maxBytes || text.Any(char.IsControl))
        {
            Refuse(Invariant($"{where}: expected 1 to {maxBytes} bytes without control characters, found \"{Shown(text)}\""));
            return null;
        }
        return text;
    }

    private void Refuse(FormattableString text) => Refuse(Invariant(text));

    private void Refuse(string text) => problem ??= text;

    private static TimeSpan Seconds(long seconds) => TimeSpan.FromSeconds(seconds);

    /// <summary>What somebody wrote, short and on one line.</summary>
    private static string Shown(string text)
    {
        const int most = 60;
        var line = string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter));
        return line.Length > most ? string.Concat(line.AsSpan(0, most), "…") : line;
    }

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => "null",
    };

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
