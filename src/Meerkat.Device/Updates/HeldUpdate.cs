using Meerkat.Boot.Link;
using Meerkat.Core.Protocol;
using Meerkat.Core.Updates;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Device.Updates;

/// <summary>
/// An installed update that is not armed: it starts when somebody activates it or, where only the gate said not now, as soon as that
/// lets it; the gate is asked every ten seconds, also after a restart of the device.
/// </summary>
public sealed class HeldUpdate : IAsyncDisposable
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(10);

    private readonly BootLoaderCalls boot;
    private readonly SlotStore slots;
    private readonly UpdateGate gate;
    private readonly DeviceRestart restart;
    private readonly Action<string> log;
    private readonly ITimer timer;

    internal HeldUpdate(
        BootLoaderCalls boot, SlotStore slots, UpdateGate gate, DeviceRestart restart, TimeProvider time, Action<string> log)
    {
        this.boot = boot;
        this.slots = slots;
        this.gate = gate;
        this.restart = restart;
        this.log = log;
        timer = time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>To be called when there is an update that activates itself.</summary>
    public void Await() => timer.Change(AskAgain, Timeout.InfiniteTimeSpan);

    /// <summary>Arms the update and restarts the device.</summary>
    /// <param name="commitTimeoutSeconds">0 to 604800; none: the one that it was installed with.</param>
    /// <exception cref="RpcException">Nothing is held, or the gate says no (-1) or not now (-75).</exception>
    public void Activate(int? commitTimeoutSeconds)
    {
        var status = boot.Status();
        if (status.Held is { } held)
        {
            switch (gate.Ask(Question(status, new SlotId(held))))
            {
                case GateAnswer.Wait wait:
                    throw new RpcException(new RpcError(UpdateState.NotNow, GateAnswer.Because("not now", wait.Text)));
                case GateAnswer.Refuse refuse:
                    throw new RpcException(RpcErrorCode.Failed, GateAnswer.Because("refused by the device's gate", refuse.Text));
                default:
                    break;
            }
        }
        boot.Activate(status.Sequence, commitTimeoutSeconds);
        restart.Schedule(DeviceRestart.AfterAnswer, force: false);
    }

    /// <summary>The update stays held.</summary>
    public ValueTask DisposeAsync() => timer.DisposeAsync();

    private void Look()
    {
        try
        {
            if (boot.Status() is not { ActivatesItself: true, Held: { } held, Stopping: false } status)
            {
                return;
            }
            var question = Question(status, new SlotId(held));
            switch (gate.Ask(question))
            {
                case GateAnswer.Go:
                    log($"update: {question.Offered.Version} may start now");
                    boot.Activate(status.Sequence, null);
                    restart.Schedule(DeviceRestart.AfterAnswer, force: false);
                    break;
                case GateAnswer.Refuse:
                    log($"update: {question.Offered.Version} is given up");
                    boot.Discard(status.Sequence);
                    break;
                default:
                    Await();
                    break;
            }
        }
        catch (RpcException refused)
        {
            // Another update came in between, say: the next look decides anew.
            log($"update: the held update does not start yet: {refused.Message}");
            Await();
        }
    }

    private GateQuestion Question(BootStatus status, SlotId held) => new(
        GatePoint.Restart,
        slots.ReadSeal(held)?.Name ?? "",
        status.FirmwareIn(held.Number),
        status.FirmwareIn(status.Running),
        held);
}
