using System.Collections.Immutable;
using System.Diagnostics;
using Meerkat.Core.Bundles;
using Meerkat.Core.Updates;
using Meerkat.Core.Values;

namespace Meerkat.Core.Tests.Updates;

public sealed class UpdateMachineTests
{
    private static readonly ManifestPart App = new("app", "app", "app.bin", 5, null, null, ImmutableSortedDictionary<string, string>.Empty);

    private static readonly Manifest Manifest = new(
        "m", "linux-x64", "2.0", "b", null, null, null,
        ImmutableSortedDictionary<string, ManifestPart>.Empty.Add("app", App), ImmutableSortedDictionary<string, string>.Empty);

    private static readonly CompletedPart Image = new(App, 5, default);

    private static readonly (string Name, UpdateState State)[] States =
    [
        ("Receiving", new UpdateState.Receiving()),
        ("Admitted", new UpdateState.Admitted(Manifest, SlotId.One)),
        ("Invalidating", new UpdateState.Invalidating(Manifest, SlotId.One)),
        ("Writing, no image yet", new UpdateState.Writing(Manifest, SlotId.One, null)),
        ("Writing, image complete", new UpdateState.Writing(Manifest, SlotId.One, Image)),
        ("Verifying", new UpdateState.Verifying(Manifest, SlotId.One, Image, true)),
        ("Verifying, to be held", new UpdateState.Verifying(Manifest, SlotId.One, Image, false)),
        ("Installed", new UpdateState.Installed(Manifest, SlotId.One, Image)),
        ("Holding for the gate", new UpdateState.Holding("Update installed; it starts when the device's gate lets it: busy")),
        ("Holding", new UpdateState.Holding("Update installed; activate it to start it")),
        ("Arming", new UpdateState.Arming(Manifest, SlotId.One, Image)),
        ("Ended", new UpdateState.Ended(1, "done", true)),
    ];

    private static readonly (string Name, UpdateEvent Event)[] Events =
    [
        ("HeadWeighed, go", new UpdateEvent.HeadWeighed(Manifest, SlotId.One, new UpdateAdmission.Go())),
        ("HeadWeighed, same", new UpdateEvent.HeadWeighed(Manifest, SlotId.One, new UpdateAdmission.Same())),
        ("HeadWeighed, refused", new UpdateEvent.HeadWeighed(Manifest, SlotId.One, new UpdateAdmission.Refused("too old"))),
        ("GateAnswered, go", new UpdateEvent.GateAnswered(new GateAnswer.Go())),
        ("GateAnswered, wait", new UpdateEvent.GateAnswered(new GateAnswer.Wait("busy"))),
        ("GateAnswered, refuse", new UpdateEvent.GateAnswered(new GateAnswer.Refuse(""))),
        ("Invalidated", new UpdateEvent.Invalidated()),
        ("ImageWritten", new UpdateEvent.ImageWritten(Image)),
        ("BundleEnded", new UpdateEvent.BundleEnded(true)),
        ("BundleEnded, to be held", new UpdateEvent.BundleEnded(false)),
        ("Sealed", new UpdateEvent.Sealed()),
        ("Armed", new UpdateEvent.Armed()),
        ("Held", new UpdateEvent.Held()),
        ("Failed", new UpdateEvent.Failed(-7, "cut off")),
    ];

    /// <summary>Every pair that can happen; any other is a bug and throws.</summary>
    private static readonly Dictionary<(string State, string Event), (string Next, string Effects)> Table = new()
    {
        [("Receiving", "HeadWeighed, go")] = ("Admitted", "AskGate"),
        [("Receiving", "HeadWeighed, same")] = ("Ended 1 'Version is the same as current'", ""),
        [("Receiving", "HeadWeighed, refused")] = ("Ended -1 'too old'", ""),
        [("Receiving", "Failed")] = ("Ended -7 'cut off'", ""),
        [("Admitted", "GateAnswered, go")] = ("Invalidating", "Invalidate"),
        [("Admitted", "GateAnswered, wait")] = ("Ended -75 'not now: busy'", ""),
        [("Admitted", "GateAnswered, refuse")] = ("Ended -1 'refused by the device's gate'", ""),
        [("Admitted", "Failed")] = ("Ended -7 'cut off'", ""),
        [("Invalidating", "Invalidated")] = ("Writing, no image yet", "BeginSlot"),
        [("Invalidating", "Failed")] = ("Ended -7 'cut off'", ""),
        [("Writing, no image yet", "ImageWritten")] = ("Writing, image complete", ""),
        [("Writing, no image yet", "Failed")] = ("Ended -7 'cut off'", "CleanUp"),
        [("Writing, image complete", "ImageWritten")] = ("Writing, image complete", ""),
        [("Writing, image complete", "BundleEnded")] = ("Verifying", "Seal"),
        [("Writing, image complete", "BundleEnded, to be held")] = ("Verifying, to be held", "Seal"),
        [("Writing, image complete", "Failed")] = ("Ended -7 'cut off'", "CleanUp"),
        [("Verifying", "Sealed")] = ("Installed", "AskGate"),
        [("Verifying", "Failed")] = ("Ended -7 'cut off'", "CleanUp"),
        [("Verifying, to be held", "Sealed")] = ("Holding", "Hold"),
        [("Verifying, to be held", "Failed")] = ("Ended -7 'cut off'", "CleanUp"),
        [("Installed", "GateAnswered, go")] = ("Arming", "Arm"),
        [("Installed", "GateAnswered, wait")] = ("Holding for the gate", "Hold"),
        [("Installed", "GateAnswered, refuse")] = ("Ended -1 'refused by the device's gate before the restart'", "CleanUp"),
        [("Installed", "Failed")] = ("Ended -7 'cut off'", "CleanUp"),
        [("Holding for the gate", "Held")] = ("Ended 1 'Update installed; it starts when the device's gate lets it: busy'", ""),
        [("Holding for the gate", "Failed")] = ("Ended -7 'cut off'", ""),
        [("Holding", "Held")] = ("Ended 1 'Update installed; activate it to start it'", ""),
        [("Holding", "Failed")] = ("Ended -7 'cut off'", ""),
        [("Arming", "Armed")] = ("Ended 1 'Update applied, rebooting', restart", ""),
        [("Arming", "Failed")] = ("Ended -7 'cut off'", ""),
        [("Ended", "Failed")] = ("Ended 1 'done', restart", ""),
    };

    public static TheoryData<string, string> Pairs
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var (state, _) in States)
            {
                foreach (var (happened, _) in Events)
                {
                    data.Add(state, happened);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Pair_GoesWhereTheTableSays(string state, string happened)
    {
        if (Table.TryGetValue((state, happened), out var expected))
        {
            Assert.Equal(expected, Step(state, happened));
        }
        else
        {
            Assert.Throws<UnreachableException>(() => Step(state, happened));
        }
    }

    [Fact]
    public void EveryNestedState_IsInTheTable() => Assert.Equal(
        typeof(UpdateState).GetNestedTypes().Where(type => type.IsSubclassOf(typeof(UpdateState))).Select(type => type.Name).Order(),
        States.Select(state => state.State.GetType().Name).Distinct().Order());

    [Fact]
    public void EveryNestedEvent_IsInTheTable() => Assert.Equal(
        typeof(UpdateEvent).GetNestedTypes().Where(type => type.IsSubclassOf(typeof(UpdateEvent))).Select(type => type.Name).Order(),
        Events.Select(happened => happened.Event.GetType().Name).Distinct().Order());

    [Fact]
    public void GoodUpdate_DoesItsStepsInOrder()
    {
        UpdateState state = new UpdateState.Receiving();
        var effects = new List<UpdateEffect>();
        foreach (var name in (string[])
            [
                "HeadWeighed, go", "GateAnswered, go", "Invalidated", "ImageWritten", "BundleEnded", "Sealed", "GateAnswered, go", "Armed",
            ])
        {
            (state, var next) = UpdateMachine.Step(state, Events.Single(row => row.Name == name).Event);
            effects.AddRange(next);
        }
        Assert.Equal(
            [
                new UpdateEffect.AskGate(GatePoint.Begin, Manifest, SlotId.One),
                new UpdateEffect.Invalidate(SlotId.One), new UpdateEffect.BeginSlot(SlotId.One),
                new UpdateEffect.Seal(SlotId.One, Manifest, Image),
                new UpdateEffect.AskGate(GatePoint.Restart, Manifest, SlotId.One),
                new UpdateEffect.Arm(SlotId.One, Manifest, Image),
            ],
            effects);
        Assert.Equal(new UpdateState.Ended(1, "Update applied, rebooting", true), state);
    }

    [Fact]
    public void Document_HasTheTable() => GeneratedDoc.Matches(
        "docs/update-states.md",
        "update states",
        GeneratedDoc.Table(
            ["state", "event", "next state", "effect"],
            from state in States
            from happened in Events
            where Table.ContainsKey((state.Name, happened.Name))
            let step = Step(state.Name, happened.Name)
            select new[] { state.Name, happened.Name, step.Next, step.Effects }));

    private static (string Next, string Effects) Step(string state, string happened)
    {
        var (next, effects) = UpdateMachine.Step(
            States.Single(row => row.Name == state).State, Events.Single(row => row.Name == happened).Event);
        return (
            next is UpdateState.Ended ended
                ? $"Ended {ended.Code} '{ended.Text}'{(ended.NeedsRestart ? ", restart" : "")}"
                : States.Single(row => row.State == next).Name,
            string.Join(", ", effects.Select(effect => effect.GetType().Name)));
    }
}
