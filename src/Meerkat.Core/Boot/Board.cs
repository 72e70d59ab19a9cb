using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Access;
using Meerkat.Core.Values;

namespace Meerkat.Core.Boot;

/// <summary>
/// <c>board.json</c>: what kind of device this is and what the boot loader keeps to, whatever a bundle says.
/// </summary>
/// <param name="Platform">The platform that bundles must name, compared exactly but for case: <c>linux-x64</c>.</param>
/// <param name="User">Who the firmware runs as: a name, a number or <c>user:group</c>; empty: whoever runs the boot loader.</param>
/// <param name="AgentEmbedded">The firmware hosts the agent itself.</param>
/// <param name="AgentProgram">Path of the agent; empty: beside the boot loader.</param>
/// <param name="ReserveBytes">Space that an update must leave free.</param>
/// <param name="Settings">Configuration keys pinned above every level.</param>
/// <param name="Supervision">The <c>boot.*</c> settings among them.</param>
public sealed record Board(
    string Platform,
    string User,
    bool AgentEmbedded,
    string AgentProgram,
    long ReserveBytes,
    JsonObject Settings,
    SupervisionSettings Supervision)
{
    public const int Format = 1;
    public const long DefaultReserveBytes = 1 << 20;

    private const int MaxDepth = 64;

    /// <summary>What becomes of a device that others can reach and that asks for too little.</summary>
    public OpenRule Open { get; init; } = OpenRule.Warn;

    /// <exception cref="FormatException">What is wrong with the file, for people.</exception>
    public static Board Parse(ReadOnlySpan<byte> text)
    {
        JsonObject json;
        try
        {
            json = StrictJson.ParseNode(text, MaxDepth) as JsonObject
                ?? throw new FormatException("board.json: expected an object");
        }
        catch (JsonException fault)
        {
            throw new FormatException("board.json is not JSON: " + fault.Message, fault);
        }
        if (Number(json, "format", 0) is var format && format != Format)
        {
            throw new FormatException($"board.json: expected \"format\": {Format}, found {format}");
        }
        string[] known = ["format", "platform", "user", "agent", "agent_program", "trial_attempts", "reserve", "open", "settings"];
        if (json.Select(member => member.Key).FirstOrDefault(key => !known.Contains(key)) is { } unknown)
        {
            throw new FormatException($"board.json: unknown key \"{unknown}\"; known are {string.Join(", ", known)}");
        }
        var settings = json["settings"] switch
        {
            null => [],
            JsonObject pinned => pinned,
            _ => throw new FormatException("board.json: \"settings\" must be an object"),
        };
        var embedded = Text(json, "agent", "separate") switch
        {
            "separate" => false,
            "embedded" => true,
            var other => throw new FormatException($"board.json: \"agent\" must be separate or embedded, not {other}"),
        };
        var attempts = Number(json, "trial_attempts", 1);
        if (attempts is < 1 or > 255)
        {
            throw new FormatException($"board.json: \"trial_attempts\" must be 1 to 255, not {attempts}");
        }
        var reserve = Number(json, "reserve", DefaultReserveBytes);
        if (reserve < 0)
        {
            throw new FormatException($"board.json: \"reserve\" must be 0 or more bytes, not {reserve}");
        }
        var boot = settings["boot"] switch
        {
            null => [],
            JsonObject bounds => bounds,
            var other => throw new FormatException($"board.json: \"boot\" in \"settings\" must be an object, not {other.ToJsonString()}"),
        };
        var platform = Text(json, "platform", "");
        return new Board(
            platform.Length > 0 ? platform : throw new FormatException("board.json: \"platform\" is missing"),
            Text(json, "user", ""),
            embedded,
            Text(json, "agent_program", ""),
            reserve,
            settings,
            Bounds(boot) with
            {
                TrialAttempts = (byte)attempts,
                AgentEmbedded = embedded,
            })
        {
            Open = Text(json, "open", "warn") switch
            {
                "warn" => OpenRule.Warn,
                "allow" => OpenRule.Allow,
                "forbid" => OpenRule.Forbid,
                "forbid-plain" => OpenRule.ForbidPlain,
                var other => throw new FormatException($"board.json: \"open\" must be warn, allow, forbid or forbid-plain, not {other}"),
            },
        };
    }

    private static SupervisionSettings Bounds(JsonObject boot)
    {
        string[] known = ["ready", "ready_timeout", "ready_after", "settle", "stop_timeout", "watchdog", "max_crashes"];
        if (boot.Select(member => member.Key).FirstOrDefault(key => !known.Contains(key)) is { } unknown)
        {
            throw new FormatException($"board.json: unknown key \"boot.{unknown}\"; known are {string.Join(", ", known)}");
        }
        var defaults = new SupervisionSettings();
        return new SupervisionSettings
        {
            Ready = Text(boot, "ready", "alive") switch
            {
                "alive" => ReadyMode.Alive,
                "notify" => ReadyMode.Notify,
                var other => throw new FormatException($"board.json: boot.ready must be alive or notify, not {other}"),
            },
            ReadyTimeout = Seconds(boot, "ready_timeout", defaults.ReadyTimeout) is { Ticks: > 0 } timeout
                ? timeout
                : throw new FormatException("board.json: boot.ready_timeout must be more than 0 seconds; nothing is ready at once"),
            ReadyAfter = Seconds(boot, "ready_after", defaults.ReadyAfter),
            Settle = Seconds(boot, "settle", defaults.Settle),
            StopTimeout = Seconds(boot, "stop_timeout", defaults.StopTimeout),
            Watchdog = Seconds(boot, "watchdog", defaults.Watchdog),
            MaxCrashes = Number(boot, "max_crashes", 0) is >= 0 and <= int.MaxValue and var crashes
                ? (int)crashes
                : throw new FormatException($"board.json: boot.max_crashes must be 0 to {int.MaxValue}, not {boot["max_crashes"]}"),
        };
    }

    private static TimeSpan Seconds(JsonObject json, string key, TimeSpan standard)
    {
        if (json[key] is not { } node)
        {
            return standard;
        }
        return node.GetValueKind() == JsonValueKind.Number
            && node.AsValue().TryGetValue<double>(out var seconds) && seconds is >= 0 and <= 86400
            ? TimeSpan.FromSeconds(seconds)
            : throw new FormatException(
                $"board.json: boot.{key} must be 0 to 86400 seconds, not {node.ToJsonString()}");
    }

    private static long Number(JsonObject json, string key, long standard)
    {
        if (json[key] is not { } node)
        {
            return standard;
        }
        return node.GetValueKind() == JsonValueKind.Number && node.AsValue().TryGetValue<long>(out var number)
            ? number
            : throw new FormatException(string.Create(
                CultureInfo.InvariantCulture, $"board.json: \"{key}\" must be a whole number, not {node.ToJsonString()}"));
    }

    private static string Text(JsonObject json, string key, string standard)
    {
        if (json[key] is not { } node)
        {
            return standard;
        }
        return node.GetValueKind() == JsonValueKind.String
            ? (string)node!
            : throw new FormatException($"board.json: \"{key}\" must be text, not {node.ToJsonString()}");
    }
}
