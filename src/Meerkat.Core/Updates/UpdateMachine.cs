using System.Collections.Immutable;
using System.Diagnostics;

namespace Meerkat.Core.Updates;

/// <summary>
/// Steps 1 to 5 of an update as one pure transition. The order is the promise: nothing is written before the manifest is
/// accepted, no byte goes into a slot that could be started, and nothing is armed that is not sealed.
/// </summary>
public static class UpdateMachine
{
    public static (UpdateState Next, ImmutableArray<UpdateEffect> Effects) Step(UpdateState state, UpdateEvent happened) =>
        (state, happened) switch
        {
            (UpdateState.Receiving, UpdateEvent.HeadWeighed { Admission: UpdateAdmission.Go } head) =>
                (new UpdateState.Admitted(head.Manifest, head.Target),
                    [new UpdateEffect.AskGate(GatePoint.Begin, head.Manifest, head.Target)]),

            (UpdateState.Receiving, UpdateEvent.HeadWeighed { Admission: UpdateAdmission.Same }) =>
                (new UpdateState.Ended(1, "Version is the same as current", false), []),

            (UpdateState.Receiving, UpdateEvent.HeadWeighed { Admission: UpdateAdmission.Refused refused }) =>
                (new UpdateState.Ended(-1, refused.Text, false), []),

            (UpdateState.Admitted at, UpdateEvent.GateAnswered { Answer: GateAnswer.Go }) =>
                (new UpdateState.Invalidating(at.Manifest, at.Target), [new UpdateEffect.Invalidate(at.Target)]),

            (UpdateState.Admitted, UpdateEvent.GateAnswered { Answer: GateAnswer.Wait wait }) =>
                (new UpdateState.Ended(UpdateState.NotNow, GateAnswer.Because("not now", wait.Text), false), []),

            (UpdateState.Admitted, UpdateEvent.GateAnswered { Answer: GateAnswer.Refuse refuse }) =>
                (new UpdateState.Ended(-1, GateAnswer.Because("refused by the device's gate", refuse.Text), false), []),

            (UpdateState.Invalidating at, UpdateEvent.Invalidated) =>
                (new UpdateState.Writing(at.Manifest, at.Target, null), [new UpdateEffect.BeginSlot(at.Target)]),

            (UpdateState.Writing at, UpdateEvent.ImageWritten written) =>
                (at with { Image = written.Image }, []),

            (UpdateState.Writing { Image: { } image } at, UpdateEvent.BundleEnded ended) =>
                (new UpdateState.Verifying(at.Manifest, at.Target, image, ended.Activate),
                    [new UpdateEffect.Seal(at.Target, at.Manifest, image)]),

            (UpdateState.Verifying { Activate: true } at, UpdateEvent.Sealed) =>
                (new UpdateState.Installed(at.Manifest, at.Target, at.Image),
                    [new UpdateEffect.AskGate(GatePoint.Restart, at.Manifest, at.Target)]),

            (UpdateState.Verifying at, UpdateEvent.Sealed) =>
                (new UpdateState.Holding("Update installed; activate it to start it"),
                    [new UpdateEffect.Hold(at.Target, at.Manifest, at.Image, ActivatesItself: false)]),

            (UpdateState.Installed at, UpdateEvent.GateAnswered { Answer: GateAnswer.Go }) =>
                (new UpdateState.Arming(at.Manifest, at.Target, at.Image),
                    [new UpdateEffect.Arm(at.Target, at.Manifest, at.Image)]),

            (UpdateState.Installed at, UpdateEvent.GateAnswered { Answer: GateAnswer.Wait wait }) =>
                (new UpdateState.Holding(GateAnswer.Because("Update installed; it starts when the device's gate lets it", wait.Text)),
                    [new UpdateEffect.Hold(at.Target, at.Manifest, at.Image, ActivatesItself: true)]),

            (UpdateState.Installed at, UpdateEvent.GateAnswered { Answer: GateAnswer.Refuse refuse }) =>
                (new UpdateState.Ended(-1, GateAnswer.Because("refused by the device's gate before the restart", refuse.Text), false),
                    [new UpdateEffect.CleanUp(at.Target)]),

            (UpdateState.Holding at, UpdateEvent.Held) => (new UpdateState.Ended(1, at.Text, false), []),

            (UpdateState.Arming, UpdateEvent.Armed) =>
                (new UpdateState.Ended(1, "Update applied, rebooting", true), []),

            (UpdateState.Ended, UpdateEvent.Failed) => (state, []),

            (UpdateState.Receiving or UpdateState.Admitted or UpdateState.Invalidating, UpdateEvent.Failed failed) =>
                (new UpdateState.Ended(failed.Code, failed.Text, false), []),

            (UpdateState.Writing { Target: var target }, UpdateEvent.Failed failed) =>
                (new UpdateState.Ended(failed.Code, failed.Text, false), [new UpdateEffect.CleanUp(target)]),

            (UpdateState.Verifying { Target: var target }, UpdateEvent.Failed failed) =>
                (new UpdateState.Ended(failed.Code, failed.Text, false), [new UpdateEffect.CleanUp(target)]),

            (UpdateState.Installed { Target: var target }, UpdateEvent.Failed failed) =>
                (new UpdateState.Ended(failed.Code, failed.Text, false), [new UpdateEffect.CleanUp(target)]),

            // Whether the record was written is not known when asking for it failed: the boot loader's next start decides.
            (UpdateState.Arming or UpdateState.Holding, UpdateEvent.Failed failed) =>
                (new UpdateState.Ended(failed.Code, failed.Text, false), []),

            _ => throw new UnreachableException($"{happened.GetType().Name} cannot happen in {state.GetType().Name}"),
        };
}
