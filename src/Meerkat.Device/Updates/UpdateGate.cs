using System.Globalization;
using Meerkat.Boot;
using Meerkat.Boot.Posix;
using Meerkat.Core.Boot;
using Meerkat.Core.Settings;
using Meerkat.Core.Updates;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Device.Updates;

/// <summary>
/// Who may veto or delay an update: what the application that hosts the agent has to say, then the command of <c>update.gate</c>. The
/// command runs as the firmware's user in the firmware's file system, because a firmware may set it.
/// </summary>
public sealed class UpdateGate : IDisposable
{
    private const int LaterCode = 75;

    private readonly DeviceRoot device;
    private readonly SlotId? slot;
    private readonly Func<SettingValues> settings;
    private readonly Action<string> log;
    private readonly UserId owner;
    private readonly CancellationTokenSource ending = new();

    internal UpdateGate(DeviceRoot device, SlotId? slot, Func<SettingValues> settings, Action<string> log)
    {
        this.device = device;
        this.slot = slot;
        this.settings = settings;
        this.log = log;
        owner = FirmwareUser.Of(device);
    }

    /// <summary>The application's own answer; none where no application hosts the agent. Asked in the thread of the update.</summary>
    public Func<GateQuestion, CancellationToken, Task<GateAnswer>>? Application { get; set; }

    /// <summary>Answers of the gate that let an update pass are not logged.</summary>
    public GateAnswer Ask(GateQuestion question)
    {
        var answer = Application is { } application ? Ask(application, question) : new GateAnswer.Go();
        if (answer is GateAnswer.Go && settings().Text("update.gate") is { Length: > 0 } command)
        {
            answer = Run(command, question);
        }
        if (answer is not GateAnswer.Go)
        {
            var (word, why) = answer is GateAnswer.Wait wait ? ("not now", wait.Text) : ("no", ((GateAnswer.Refuse)answer).Text);
            var line = $"update: the gate says {word} to {question.Offered.Version} before the {Name(question.Point)}: {why}";
            // One line of ours, whatever a gate prints.
            log(line.ReplaceLineEndings(" "));
        }
        return answer;
    }

    /// <summary>Whoever is being asked is not waited for any longer; that counts as not now.</summary>
    public void End() => ending.Cancel();

    public void Dispose() => ending.Dispose();

    /// <summary>An application is heard no longer than a command would be.</summary>
    private GateAnswer Ask(Func<GateQuestion, CancellationToken, Task<GateAnswer>> application, GateQuestion question)
    {
        var seconds = settings().WholeNumber("update.gate_timeout");
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, ending.Token);
        try
        {
            // The update's own thread, which has nothing else to do, waits here.
            return Task.Run(() => application(question, either.Token), CancellationToken.None)
                .WaitAsync(either.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            return new GateAnswer.Wait("the application ends; it was not heard to its end");
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            return new GateAnswer.Refuse(Invariant($"the application did not answer within {seconds} s (update.gate_timeout)"));
        }
        catch (Exception fault)
        {
            return new GateAnswer.Refuse($"the application failed to answer: {fault.Message}");
        }
    }

    private GateAnswer Run(string command, GateQuestion question)
    {
        var seconds = settings().WholeNumber("update.gate_timeout");
        try
        {
            var (end, output) = ShellCommand.Run(
                command,
                slot is { } some ? $"{device.Path}/{SlotPaths.Files(some)}" : device.Path,
                owner,
                Environment(question),
                TimeSpan.FromSeconds(seconds),
                ending.Token);
            return end switch
            {
                null when ending.IsCancellationRequested => new GateAnswer.Wait("the agent ends; the gate was not heard to its end"),
                null => new GateAnswer.Refuse(Invariant($"update.gate did not answer within {seconds} s (update.gate_timeout) and was ended")),
                { Signal: 0, Code: 0 } => new GateAnswer.Go(),
                { Signal: 0, Code: LaterCode } => new GateAnswer.Wait(output),
                _ => new GateAnswer.Refuse(output.Length > 0 ? output : $"update.gate ended with {end} and said nothing"),
            };
        }
        catch (IOException fault)
        {
            return new GateAnswer.Refuse($"update.gate could not be asked: {fault.Message}");
        }
    }

    private Dictionary<string, string> Environment(GateQuestion question)
    {
        var variables = new Dictionary<string, string>
        {
            ["MEERKAT_GATE"] = Name(question.Point),
            ["MEERKAT_UPDATE_NAME"] = question.Name,
            ["MEERKAT_UPDATE_VERSION"] = question.Offered.Version,
            ["MEERKAT_UPDATE_BUILD_ID"] = question.Offered.BuildId,
            ["MEERKAT_VERSION"] = question.Running.Version,
            ["MEERKAT_DATA"] = $"{device.Path}/{DeviceRoot.DataPath}",
            ["MEERKAT_CONFIG"] = $"{device.Path}/{RunConfiguration.Path}",
        };
        if (question.Signatures is { } signatures)
        {
            variables["MEERKAT_UPDATE_SIGNATURES"] = signatures.ToString(CultureInfo.InvariantCulture);
        }
        if (slot is { } some)
        {
            variables["MEERKAT_SLOT"] = some.ToString();
            variables["MEERKAT_FS"] = $"{device.Path}/{SlotPaths.Files(some)}";
        }
        return variables;
    }

    private static string Name(GatePoint point) => point == GatePoint.Begin ? "begin" : "restart";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
