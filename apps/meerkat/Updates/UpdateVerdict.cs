using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Updates;

/// <summary>What a device's status says about an update that it accepted.</summary>
internal abstract record UpdateVerdict
{
    private UpdateVerdict()
    {
    }

    /// <param name="For">What is waited for, as the end of "waiting for …".</param>
    public sealed record Waiting(string For) : UpdateVerdict;

    /// <summary>The new firmware runs and has to be committed.</summary>
    public sealed record InTrial : UpdateVerdict;

    public sealed record Committed : UpdateVerdict;

    /// <summary>The old firmware runs again, or none (the device says <c>recovery</c> and waits for another update).</summary>
    /// <param name="Reason">In words.</param>
    public sealed record FellBack(string Reason) : UpdateVerdict;

    /// <summary>The old firmware runs and no restart is coming: there was nothing to update.</summary>
    public sealed record NotTaken : UpdateVerdict;

    /// <summary>
    /// Judges one status. Devices that do not tell which slot runs name only the slot of the next boot, which changes before the
    /// restart: there <paramref name="restarted"/> decides.
    /// </summary>
    /// <param name="before">The status before the update was sent.</param>
    /// <param name="now">The status now.</param>
    /// <param name="restarted">The device has been seen to restart since, or was out of reach.</param>
    public static UpdateVerdict Judge(OtaStatus before, OtaStatus now, bool restarted)
    {
        if (now.Phase == "recovery")
        {
            return new FellBack(now.Reason?.Text ?? now.Message);
        }
        var oldSlot = before.RunningSlot ?? before.ActiveSlot;
        var running = now.RunningSlot ?? (restarted ? now.ActiveSlot : oldSlot);
        if (running != oldSlot)
        {
            return now switch
            {
                { IsCommitted: true } => new Committed(),
                { Ready: false } => new Waiting("the new firmware to be ready"),
                _ => new InTrial(),
            };
        }
        if (now.AwaitsRestart || (now.RunningSlot is null && !restarted))
        {
            return new Waiting("the restart");
        }
        if (now.Reason is { } reason && reason.IsNewerThan(before.Reason))
        {
            return new FellBack(reason.Text);
        }
        return restarted ? new FellBack("the device does not say why") : new NotTaken();
    }
}
