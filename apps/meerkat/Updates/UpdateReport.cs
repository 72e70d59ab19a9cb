using System.Globalization;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Updates;

/// <summary>Tells the end of an update, for people or for machines, and gives the exit code.</summary>
internal static class UpdateReport
{
    public static int Tell(UpdateVerdict verdict, OtaStatus now, UpdateFacts facts, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(RpcJson.ToPretty(ToJson(verdict, now, facts)));
        }
        else
        {
            TellPeople(verdict, now, facts);
        }
        return verdict switch
        {
            UpdateVerdict.FellBack => ExitCode.FellBack,
            // Accepted, but the device's gate keeps it: what was asked for has not happened.
            UpdateVerdict.NotTaken when now.PhaseWord == "held" => ExitCode.Error,
            _ => ExitCode.Done,
        };
    }

    /// <summary>Tells what became of a bundle that was to be installed and not started.</summary>
    /// <returns>An exit code.</returns>
    /// <exception cref="ToolException">The device restarts into it all the same.</exception>
    public static int TellInstalled(OtaStatus now, UpdateFacts facts, bool json)
    {
        var held = now.PhaseWord == "held";
        if (!held && (now.AwaitsRestart || !now.IsCommitted))
        {
            throw new ToolException(
                $"the device does not hold updates back and restarts into this one; see: meerkat watch --port {facts.Address}");
        }
        var target = now.Slots.FirstOrDefault(slot => held && slot.Slot != now.Slot);
        if (json)
        {
            Console.Out.WriteLine(RpcJson.ToPretty(new JsonObject
            {
                ["result"] = held ? "held" : "unchanged",
                ["answer"] = facts.Answer,
                ["version"] = facts.VersionNow,
                ["slot"] = now.Slot,
                ["installed_version"] = target?.Version,
                ["installed_slot"] = target?.Slot,
            }));
            return ExitCode.Done;
        }
        Console.Out.WriteLine(facts.Answer);
        var runs = $"version {facts.VersionNow} runs in slot {Slot(now)}, as before";
        if (held)
        {
            var what = target is null ? "the new version is installed" : $"version {target.Version} is installed in slot {target.Slot}";
            Console.Out.WriteLine($"{what} and waits; {runs}");
            Console.Out.WriteLine($"start it: meerkat activate --port {facts.Address}");
        }
        else
        {
            Console.Out.WriteLine(runs);
        }
        return ExitCode.Done;
    }

    private static void TellPeople(UpdateVerdict verdict, OtaStatus now, UpdateFacts facts)
    {
        var runs = $"version {facts.VersionNow} runs in slot {Slot(now)}";
        switch (verdict)
        {
            case UpdateVerdict.Committed:
                Console.Out.WriteLine($"{runs}, committed (was {facts.VersionBefore} in slot {Slot(facts.Before)})");
                break;
            case UpdateVerdict.InTrial:
                Console.Out.WriteLine($"{runs}, in trial (was {facts.VersionBefore} in slot {Slot(facts.Before)})");
                Console.Out.WriteLine($"commit {Within(now)}: meerkat commit --port {facts.Address}");
                break;
            case UpdateVerdict.FellBack(var reason):
                Console.Out.WriteLine($"fell back: {reason}");
                Console.Out.WriteLine($"{runs}");
                break;
            default:
                Console.Out.WriteLine($"{runs}, as before");
                if (now.PhaseWord == "held")
                {
                    Console.Error.WriteLine("Error: the update is installed and waits for the device's gate; it has not been started");
                }
                break;
        }
    }

    private static JsonObject ToJson(UpdateVerdict verdict, OtaStatus now, UpdateFacts facts) => new()
    {
        ["result"] = verdict switch
        {
            UpdateVerdict.Committed => "committed",
            UpdateVerdict.InTrial => "trial",
            UpdateVerdict.FellBack => "fell_back",
            _ => "unchanged",
        },
        ["answer"] = facts.Answer,
        ["version"] = facts.VersionNow,
        ["slot"] = now.Slot,
        ["previous_version"] = facts.VersionBefore,
        ["previous_slot"] = facts.Before.Slot,
        ["deadline_left"] = Deadline(now),
        ["health"] = now.Health?.Json.DeepClone(),
        ["reason"] = verdict is UpdateVerdict.FellBack ? now.Reason?.Json.DeepClone() : null,
    };

    private static string Slot(OtaStatus status) =>
        status.Slot?.ToString(CultureInfo.InvariantCulture) ?? "unknown";

    private static double? Deadline(OtaStatus now) =>
        now.IsCommitted ? null : now.DeadlineLeft ?? (now.CommitTimeout > 0 ? now.CommitTimeout : null);

    private static string Within(OtaStatus now) =>
        Deadline(now) is { } left ? string.Create(CultureInfo.InvariantCulture, $"within {Math.Floor(left):0} s") : "it";
}
