using System.CommandLine;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Updates;

/// <summary>The options of the commands that make a device restart into a new firmware, and what comes after its answer.</summary>
internal sealed class TrialFollowing
{
    private const int MaxCommitTimeoutSeconds = 604800;
    private static readonly TimeSpan DefaultWait = TimeSpan.FromMinutes(5);

    private readonly Option<int?> commitTimeout = new("--commit-timeout")
    {
        Description = "Seconds in which the new firmware must be committed, else the device falls back; 0: it commits itself when it "
            + "is ready. Default: what the device is configured for",
        HelpName = "SECONDS",
    };

    private readonly Option<bool> commit = new("--commit") { Description = "Commit the new firmware as soon as it is ready" };
    private readonly Option<bool> noWait;
    private readonly Option<bool> json = new("--json") { Description = "Print the end as JSON" };
    private readonly Option<TimeSpan?> wait = new("--wait")
    {
        Description = "How long the restart and the new firmware's start may take. Default: 5m",
        HelpName = "TIME",
        CustomParser = DurationText.Parse,
    };

    public TrialFollowing(Command command, string noWaitDescription)
    {
        noWait = new Option<bool>("--no-wait") { Description = noWaitDescription };
        commitTimeout.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 0 or > MaxCommitTimeoutSeconds)
            {
                result.AddError($"--commit-timeout must be from 0 to {MaxCommitTimeoutSeconds} seconds.");
            }
        });
        command.Options.Add(commitTimeout);
        command.Options.Add(commit);
        command.Options.Add(noWait);
        command.Options.Add(wait);
        command.Options.Add(json);
        command.Validators.Add(result =>
        {
            if (result.GetValue(commit) && result.GetValue(noWait))
            {
                result.AddError("--commit waits for the new firmware and excludes --no-wait.");
            }
        });
    }

    public Option<bool> Commit => commit;

    public int? CommitTimeout(ParseResult parsed) => parsed.GetValue(commitTimeout);

    public bool Json(ParseResult parsed) => parsed.GetValue(json);

    /// <summary>Prints the device's answer, waits unless told otherwise, and tells the end.</summary>
    /// <returns>An exit code.</returns>
    public async Task<int> FollowAsync(
        RemoteDevice device, StatusBefore before, string answer, ParseResult parsed, CancellationToken cancellationToken)
    {
        var asJson = parsed.GetValue(json);
        if (!asJson)
        {
            Console.Out.WriteLine(answer);
        }
        if (parsed.GetValue(noWait))
        {
            if (asJson)
            {
                Console.Out.WriteLine(RpcJson.ToPretty(new JsonObject { ["result"] = "accepted", ["answer"] = answer }));
            }
            return ExitCode.Done;
        }
        var watch = new UpdateWatch(device, before.Status, before.Uptime, Console.Error.WriteLine);
        var (verdict, now) = await watch.FollowAsync(parsed.GetValue(commit), parsed.GetValue(wait) ?? DefaultWait, cancellationToken);
        return UpdateReport.Tell(verdict, now, await FactsAsync(device, before, now, answer, cancellationToken), asJson);
    }

    public static async Task<UpdateFacts> FactsAsync(
        RemoteDevice device, StatusBefore before, OtaStatus now, string answer, CancellationToken cancellationToken) => new(
            device.Address,
            before.Status,
            before.Version,
            now.Version ?? StatusBefore.VersionOf(await device.TryCallAsync("Sys.GetInfo", cancellationToken)),
            answer);
}
