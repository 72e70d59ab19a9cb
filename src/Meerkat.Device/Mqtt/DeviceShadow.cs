using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Meerkat.Boot.Link;
using Meerkat.Core.Protocol;
using Meerkat.Core.Updates;
using Meerkat.Device.Downloads;
using Meerkat.Device.Services;
using Meerkat.Device.Updates;
using Meerkat.Rpc.Mqtt;
using Meerkat.Storage;

namespace Meerkat.Device.Mqtt;

/// <summary>
/// Brings the device to the desired <c>ota.url</c> and reports where it is (specification section 9). A url that was installed, or whose
/// bundle failed, is not taken again; one whose server was not reached, or that came at a bad moment, is.
/// </summary>
/// <param name="agent">The device.</param>
/// <param name="publish">Sends a report by the connection that stands now.</param>
/// <param name="dropped">Told of what is not taken.</param>
internal sealed class DeviceShadow(DeviceAgent agent, Func<MqttMessage, ValueTask> publish, RareLines dropped)
{
    private const int CannotConnect = -10;
    private const int TooManyRequests = -429;
    private const string Committing = "Committing FW update. OTA update finished.";

    /// <summary>Between two looks at an update or a trial; reports are at least so far apart then.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LeastPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan MostPause = TimeSpan.FromHours(1);

    private readonly Channel<Happening> happenings = Channel.CreateBounded<Happening>(new BoundedChannelOptions(16) { FullMode = BoundedChannelFullMode.DropOldest });
    private ShadowTopics? topics;
    private ShadowState state = new();
    private DesiredUpdate? wish;
    private TimeSpan pause = LeastPause;
    private long triedAt;
    private Task<UpdateResult>? running;
    private bool onTrial;
    private string reported = "";

    /// <summary>The topics are subscribed.</summary>
    public void Connected(ShadowTopics now) => happenings.Writer.TryWrite(new Happening(now, null));

    /// <summary>Takes a message if it is one of these topics'.</summary>
    public bool Take(MqttMessage message, ShadowTopics now)
    {
        if (message.Topic == now.Refused && now.Refused.Length > 0)
        {
            dropped.Write($"shadow: the broker's side refuses a report: {Encoding.UTF8.GetString(message.Payload.Span)}");
            return true;
        }
        if (!now.Subscribed.Contains(message.Topic))
        {
            return false;
        }
        if (message.LeftOutBytes > 0)
        {
            dropped.Write($"shadow: dropped a message on {message.Topic} of {message.LeftOutBytes} bytes");
        }
        else if (DesiredUpdate.Read(message.Payload.Span, out var problem) is { } desired)
        {
            happenings.Writer.TryWrite(new Happening(null, desired));
        }
        else if (problem is not null && message.Payload.Length > 0)
        {
            dropped.Write($"shadow: dropped a message on {message.Topic}: {problem}");
        }
        return true;
    }

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        state = ShadowState.Read(agent.Volume);
        while (true)
        {
            var happened = await NextAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await GoOnAsync(happened, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is RpcException or StorageException)
            {
                dropped.Write($"WARNING: shadow: {fault.Message}");
            }
        }
    }

    /// <summary>What happens next; none: time to look.</summary>
    private async Task<Happening?> NextAsync(CancellationToken cancellationToken)
    {
        var coming = happenings.Reader.WaitToReadAsync(cancellationToken).AsTask();
        if (running is not null || wish is not null || onTrial)
        {
            using var looking = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var look = Task.Delay(Look, agent.Time, looking.Token);
            await Task.WhenAny(running is { } update ? [coming, look, update] : [coming, look]).ConfigureAwait(false);
            await looking.CancelAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
        else
        {
            await coming.ConfigureAwait(false);
        }
        return happenings.Reader.TryRead(out var next) ? next : null;
    }

    private async Task GoOnAsync(Happening? happened, CancellationToken cancellationToken)
    {
        // An end comes first: the device may be about to restart.
        if (running is { IsCompleted: true } ended)
        {
            running = null;
            await EndAsync(await ended.ConfigureAwait(false)).ConfigureAwait(false);
        }
        if (happened?.Topics is { } now)
        {
            topics = now;
            reported = "";
            await GreetAsync(cancellationToken).ConfigureAwait(false);
        }
        if (happened?.Desired is { } desired)
        {
            Wish(desired);
        }
        if (wish is not null && running is null && (triedAt == 0 || agent.Time.GetElapsedTime(triedAt) >= pause))
        {
            await StartAsync(wish).ConfigureAwait(false);
        }
        if (running is not null)
        {
            var status = agent.Pulls.Status;
            await ReportAsync(0, status.State == UpdateStatus.Running && status.ProgressPercent > 0 ? status.Message : "starting update").ConfigureAwait(false);
        }
        else if (onTrial && happened?.Topics is null)
        {
            await TryCommitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task GreetAsync(CancellationToken cancellationToken)
    {
        var boot = agent.Boot.Status();
        if (state is { Code: > 0, Restarts: true } && boot is { Committed: true, Armed: false } && state.From == Running())
        {
            Keep(state with { Code = -1, Message = $"fell back: {boot.Reason?.Text ?? "the update was given up"}", Restarts = false });
        }
        if (topics is { Get.Length: > 0 } asking)
        {
            await SendAsync(new MqttMessage(asking.Get, ReadOnlyMemory<byte>.Empty)).ConfigureAwait(false);
        }
        onTrial = boot is { Committed: false, Armed: false };
        if (onTrial)
        {
            await TryCommitAsync(cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await ReportAsync(state.Code, state.Message).ConfigureAwait(false);
        }
    }

    /// <summary>Commits where that is wished, and reports when whoever it was has committed.</summary>
    private async Task TryCommitAsync(CancellationToken cancellationToken)
    {
        var message = "waiting for the commit";
        if (agent.Boot.Status() is { Committed: false, Armed: false } && agent.Config.Values.Flag("shadow.autocommit"))
        {
            await ReportAsync(state.Code, Committing).ConfigureAwait(false);
            try
            {
                await agent.Commits.CommitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (RpcException refused)
            {
                message = refused.Message;
            }
        }
        onTrial = agent.Boot.Status() is { Committed: false, Armed: false };
        await ReportAsync(state.Code, onTrial ? message : state.Message).ConfigureAwait(false);
    }

    private void Wish(DesiredUpdate desired)
    {
        if (desired.Url == state.Url && (state.Code != 0 || running is not null))
        {
            return;
        }
        wish = desired;
        pause = LeastPause;
        triedAt = 0;
    }

    private async Task StartAsync(DesiredUpdate desired)
    {
        var tries = desired.Url == state.Url ? state.Tries : 0;
        var begun = new ShadowState { Url = desired.Url, Flat = desired.Flat, From = Running(), Tries = tries + 1 };
        var parsed = BundleAddresses.Parse(desired.Url);
        if (parsed is not BundleAddresses.Found(var addresses))
        {
            await EndAsync(UpdateResult.Failed($"url {((BundleAddresses.Rejected)parsed).Reason}"), begun).ConfigureAwait(false);
            return;
        }
        if (tries >= ShadowState.MostTries)
        {
            await EndAsync(UpdateResult.Failed($"Update failed: the device was restarted {tries} times while it was under way"), begun).ConfigureAwait(false);
            return;
        }
        if (agent.Pulls.Hindrance is { } hindrance)
        {
            await PutOffAsync(begun, -1, hindrance).ConfigureAwait(false);
            return;
        }
        Keep(begun);
        await ReportAsync(0, "starting update").ConfigureAwait(false);
        var values = agent.Config.Values;
        var options = new UpdateOptions
        {
            CommitTimeoutSeconds = desired.CommitTimeoutSeconds ?? (int)values.WholeNumber("update.commit_timeout"),
            // A desired state is no command: what runs already is what is desired.
            IgnoreSameVersion = true,
        };
        switch (agent.Pulls.Start(addresses, options, TimeSpan.FromSeconds(values.WholeNumber("update.timeout"))))
        {
            case PullStart.Started started:
                running = started.End;
                break;
            case PullStart.Refused refused:
                await PutOffAsync(begun, -1, refused.Text).ConfigureAwait(false);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private async Task EndAsync(UpdateResult result)
    {
        // An HTTP status stands as its negative: 429 and 5xx are the server's bad moment and no fault of the bundle.
        if (result.IsNotNow || result.Code is CannotConnect or TooManyRequests || (result.Code > -600 && result.Code <= -500))
        {
            await PutOffAsync(state, result.Code, result.Message).ConfigureAwait(false);
        }
        else
        {
            await EndAsync(result, state).ConfigureAwait(false);
        }
    }

    private async Task EndAsync(UpdateResult result, ShadowState of)
    {
        if (wish?.Url == of.Url)
        {
            wish = null;
        }
        Keep(of with { Code = result.Code, Message = result.Message, Restarts = result.NeedsRestart });
        await ReportAsync(state.Code, state.Message).ConfigureAwait(false);
    }

    /// <summary>Nothing of the bundle was taken: that was no try, and another follows.</summary>
    private async Task PutOffAsync(ShadowState of, int code, string message)
    {
        pause = triedAt == 0 ? LeastPause : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, MostPause.Ticks));
        triedAt = agent.Time.GetTimestamp();
        Keep(of with { Tries = of.Tries - 1, Code = 0, Message = message });
        await ReportAsync(code, message).ConfigureAwait(false);
    }

    private void Keep(ShadowState now)
    {
        if (now != state)
        {
            now.Write(agent.Volume);
            state = now;
        }
    }

    private string Running() => $"{agent.Identity.Firmware.Version} {agent.Identity.Firmware.BuildId}";

    private async Task ReportAsync(int code, string message)
    {
        if (topics is not { } now)
        {
            return;
        }
        var document = Report(agent.Boot.Status(), code, message);
        JsonObject sent = now.Aws ? new JsonObject { ["state"] = new JsonObject { ["reported"] = document } } : document;
        var text = sent.ToJsonString();
        if (text != reported)
        {
            reported = text;
            await SendAsync(new MqttMessage(now.Reported, Encoding.UTF8.GetBytes(text)) { Retained = !now.Aws }).ConfigureAwait(false);
        }
    }

    private JsonObject Report(BootStatus boot, int code, string message)
    {
        var shown = OtaStatusView.Shown(boot, agent.Pulls.Status);
        var identity = agent.Identity;
        var report = new JsonObject
        {
            ["ota"] = new JsonObject
            {
                ["url"] = state.Url,
                ["code"] = code,
                ["message"] = message,
                ["fw_version"] = identity.Firmware.Version,
                ["fw_id"] = identity.Firmware.BuildId,
                ["mac"] = identity.Mac,
                ["device_id"] = identity.Id,
                ["app"] = identity.App,
                ["status"] = shown.State,
                ["is_committed"] = boot.Committed,
                ["commit_timeout"] = boot.CommitTimeout,
                ["partition"] = boot.Running ?? boot.Active,
                ["progress_percent"] = shown.ProgressPercent,
            },
        };
        if (state.Flat)
        {
            report["ota_url"] = state.Url;
            report["ota_code"] = code;
            report["ota_message"] = message;
        }
        return report;
    }

    private async Task SendAsync(MqttMessage message)
    {
        try
        {
            await publish(message).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The connection is gone; the next one begins with a report.
            reported = "";
        }
    }

    /// <param name="Topics">The broker is there, with these topics.</param>
    /// <param name="Desired">It told what is desired.</param>
    private sealed record Happening(ShadowTopics? Topics, DesiredUpdate? Desired);
}
