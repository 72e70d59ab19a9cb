using System.Diagnostics;
using Meerkat.Core.Updates;
using Meerkat.Device.Updates;
using Meerkat.Rpc;

namespace Meerkat.Device.Telemetry;

/// <summary>One update as <see cref="UpdateWatch"/> sees it: a span over all of it, and one below it for each step.</summary>
internal sealed class UpdateTrace
{
    private readonly UpdateWatch watch;
    private readonly bool byItself;
    private readonly long begun;
    private readonly Activity? whole;
    private Activity? step;
    private bool weighed;
    private int signatures;
    private int? slot;
    private string? version;

    public UpdateTrace(UpdateWatch watch, long begun, bool byItself)
    {
        this.watch = watch;
        this.begun = begun;
        this.byItself = byItself;
        whole = Tracing.Begin("update");
        step = whole is null ? null : Tracing.Begin("update receive", whole);
    }

    public void Received(int bytes) => watch.Received(bytes);

    /// <summary>The manifest is looked at: signatures, platform, version, space.</summary>
    public Activity? Verify() => whole is null ? null : Tracing.Begin("update verify", whole);

    public void Entered(UpdateState state, UpdateEvent by)
    {
        if (by is UpdateEvent.HeadWeighed { Admission: var admission })
        {
            weighed = true;
            signatures = admission.Signatures;
        }
        switch (state)
        {
            case UpdateState.Invalidating at:
                (slot, version) = (at.Target.Number, at.Manifest.Firmware.Version);
                whole?.SetTag("meerkat.slot", slot).SetTag("meerkat.version", version);
                watch.Begun(at.Target.Number, version, signatures);
                break;
            case UpdateState.Verifying:
                Next("update seal");
                break;
            case UpdateState.Arming:
                Next("update arm");
                break;
            default:
                // Bytes are received until the bundle is complete.
                break;
        }
    }

    public void Ended(UpdateResult result, long receivedBytes)
    {
        var ending = result switch
        {
            { Succeeded: true } => slot is null ? UpdateEnding.Unneeded : UpdateEnding.Installed,
            _ when weighed && slot is null => UpdateEnding.Refused,
            _ => UpdateEnding.Failed,
        };
        if (whole is not null)
        {
            var status = result.Succeeded ? ActivityStatusCode.Ok : ActivityStatusCode.Error;
            step?.SetStatus(status, result.Message).Dispose();
            whole.SetTag("meerkat.result", UpdateWatch.Word(ending)).SetTag("meerkat.received_bytes", receivedBytes)
                .SetStatus(status, result.Message).Dispose();
        }
        watch.Ended(ending, result, slot, version, begun, byItself);
    }

    private void Next(string name)
    {
        if (whole is not null)
        {
            step?.Dispose();
            step = Tracing.Begin(name, whole);
        }
    }
}
