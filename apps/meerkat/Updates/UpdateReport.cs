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
            _ => ExitCode.Done,
        };
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
        ["slot"] = now.RunningSlot ?? now.ActiveSlot,
        ["previous_version"] = facts.VersionBefore,
        ["previous_slot"] = facts.Before.RunningSlot ?? facts.Before.ActiveSlot,
        ["deadline_left"] = Deadline(now),
        ["reason"] = verdict is UpdateVerdict.FellBack ? now.Reason?.Json.DeepClone() : null,
    };

    private static string Slot(OtaStatus status) =>
        (status.RunningSlot ?? status.ActiveSlot)?.ToString(CultureInfo.InvariantCulture) ?? "unknown";

    private static double? Deadline(OtaStatus now) =>
        now.IsCommitted ? null : now.DeadlineLeft ?? (now.CommitTimeout > 0 ? now.CommitTimeout : null);

    private static string Within(OtaStatus now) =>
        Deadline(now) is { } left ? string.Create(CultureInfo.InvariantCulture, $"within {Math.Floor(left):0} s") : "it";
}
