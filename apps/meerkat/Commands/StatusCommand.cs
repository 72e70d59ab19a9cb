using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Tool.Devices;
using Meerkat.Tool.Output;
using Spectre.Console;

namespace Meerkat.Tool.Commands;

internal static class StatusCommand
{
    /// <summary>Wide enough that nothing is broken into lines where no terminal says how wide it is.</summary>
    private const int PlainWidth = 400;

    /// <summary>What an update ended with can be a long sentence.</summary>
    private const int MessageWidth = 80;

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print what OTA.Status, OTA.GetBootState and Sys.GetInfo answer" };
        var command = new Command("status", """
            Show which version runs in which slot, whether it is committed, and why the device last fell back.

            Examples:
              meerkat status --port http://192.168.1.50
              meerkat status --json --port http://192.168.1.50
            """)
        {
            json,
        };
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var device = options.Open(parsed);
            var status = await device.CallAsync("OTA.Status", null, cancellationToken) as JsonObject
                ?? throw new ToolException("the device answered OTA.Status without a status");
            var boot = await device.TryCallAsync("OTA.GetBootState", cancellationToken);
            var info = await device.TryCallAsync("Sys.GetInfo", cancellationToken);
            if (parsed.GetValue(json))
            {
                var all = new JsonObject { ["status"] = status, ["boot"] = boot, ["info"] = info };
                Console.Out.WriteLine(RpcJson.ToPretty(all));
            }
            else
            {
                Show(OtaStatus.Read(status), boot, info, status["poll"] as JsonObject);
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static void Show(OtaStatus status, JsonObject? boot, JsonObject? info, JsonObject? poll)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
        {
            console.Profile.Width = PlainWidth;
        }
        var facts = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(3)).AddColumn();
        foreach (var (name, value) in Facts(status, boot, info))
        {
            facts.AddRow(new Text(name), new Text(value));
        }
        if (poll is not null)
        {
            facts.AddRow(new Text("polling"), new Text(Wrapped.At(MessageWidth, Polling(poll))));
        }
        console.Write(facts);
        if (status.Slots.Length > 0)
        {
            console.Write(SlotTable(status));
        }
    }

    private static Table SlotTable(OtaStatus status)
    {
        var slots = new Table().Border(TableBorder.Simple).AddColumns("slot", "state", "version", "");
        foreach (var slot in status.Slots)
        {
            var marks = new List<string>();
            if (slot.Slot == status.RunningSlot)
            {
                marks.Add("running");
            }
            if (slot.Slot == status.ActiveSlot)
            {
                marks.Add("next boot");
            }
            slots.AddRow(
                new Text(slot.Slot.ToString(CultureInfo.InvariantCulture)),
                new Text(slot.State),
                new Text(slot.Version),
                new Text(string.Join(", ", marks)));
        }
        return slots;
    }

    private static IEnumerable<(string Name, string Value)> Facts(OtaStatus status, JsonObject? boot, JsonObject? info)
    {
        if (Text(info, "id") is { Length: > 0 } id)
        {
            yield return ("device", id);
        }
        yield return ("version", status.Version ?? Text(info, "fw_version") ?? "unknown");
        yield return ("state", status.PhaseWord);
        if (status.Message is not ("" or "idle") && status.Message != status.PhaseWord)
        {
            yield return ("message", Wrapped.At(MessageWidth, status.Message));
        }
        if ((status.RunningSlot ?? status.ActiveSlot) is { } slot)
        {
            yield return ("slot", string.Create(CultureInfo.InvariantCulture, $"{slot}"));
        }
        if (Text(boot, "revert_slot") is { } revertSlot)
        {
            yield return ("fallback slot", revertSlot == "-1" ? "none" : revertSlot);
        }
        yield return ("committed", status.IsCommitted ? "yes" : "no");
        // A device that tells no phase tells no deadline either; one that does has none before the trial begins.
        if (!status.IsCommitted && (status.DeadlineLeft ?? (status.Phase is null ? status.CommitTimeout : null)) is > 0 and var left)
        {
            yield return ("falls back in", string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(left):0} s unless committed"));
        }
        if (status is { IsCommitted: false, Phase: "idle" })
        {
            yield return ("trial", "begins at the next restart, unless committed or reverted before");
        }
        if (status.Ready is { } ready)
        {
            yield return ("ready", ready ? "yes" : "not yet");
        }
        if (status.Health is { } health)
        {
            yield return ("health contract", HealthWords(health));
        }
        foreach (var probe in status.Health?.Probes ?? [])
        {
            yield return ($"  {probe.Name}", $"{(probe.Held ? "holds" : "does not hold")}{(probe.Last.Length > 0 ? $": {probe.Last}" : "")}");
        }
        if (status.Reason is { } reason)
        {
            yield return ("last fall back", reason.Described);
        }
    }

    private static string Polling(JsonObject poll)
    {
        var last = poll["last_message"].Word is { } message ? $", the last time: {message}" : "";
        var failed = poll["failures"].Number is > 1 and var failures ? string.Create(CultureInfo.InvariantCulture, $" ({failures:0} times in a row)") : "";
        var next = poll["next_in"].Number is { } left ? string.Create(CultureInfo.InvariantCulture, $"again in {Math.Ceiling(left):0} s") : "now";
        return $"{poll["url"].Word}, {next}{last}{failed}";
    }

    private static string HealthWords(HealthStatus health) => health.State switch
    {
        "waiting" => string.Create(CultureInfo.InvariantCulture, $"{health.Count}; commits by itself when all do, {health.MinTime:0} s after the start at the earliest"),
        "held" => $"{health.Version} was committed by it",
        "failed" when health.Probes.IsEmpty => $"{health.Version} was given up: {health.Problem}",
        "failed" => $"{health.Version} was given up; {health.Count}",
        _ => $"the trial of {health.Version} ended otherwise; {health.Count}",
    };

    private static string? Text(JsonObject? json, string name) => json?[name]?.ToString();
}
