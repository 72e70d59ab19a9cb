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
        ("Invalidating", new UpdateState.Invalidating(Manifest, SlotId.One)),
        ("Writing, no image yet", new UpdateState.Writing(Manifest, SlotId.One, null)),
        ("Writing, image complete", new UpdateState.Writing(Manifest, SlotId.One, Image)),
        ("Verifying", new UpdateState.Verifying(Manifest, SlotId.One, Image)),
        ("Arming", new UpdateState.Arming(Manifest, SlotId.One, Image)),
        ("Ended", new UpdateState.Ended(1, "done", true)),
    ];

    private static readonly (string Name, UpdateEvent Event)[] Events =
    [
        ("HeadWeighed, go", new UpdateEvent.HeadWeighed(Manifest, SlotId.One, new UpdateAdmission.Go())),
        ("HeadWeighed, same", new UpdateEvent.HeadWeighed(Manifest, SlotId.One, new UpdateAdmission.Same())),
        ("HeadWeighed, refused", new UpdateEvent.HeadWeighed(Manifest, SlotId.One, new UpdateAdmission.Refused("too old"))),
        ("Invalidated", new UpdateEvent.Invalidated()),
        ("ImageWritten", new UpdateEvent.ImageWritten(Image)),
        ("BundleEnded", new UpdateEvent.BundleEnded()),
        ("Sealed", new UpdateEvent.Sealed()),
        ("Armed", new UpdateEvent.Armed()),
        ("Failed", new UpdateEvent.Failed(-7, "cut off")),
    ];

    /// <summary>Every pair that can happen; any other is a bug and throws.</summary>
    private static readonly Dictionary<(string State, string Event), (string Next, string Effects)> Table = new()
    {
        [("Receiving", "HeadWeighed, go")] = ("Invalidating", "Invalidate"),
        [("Receiving", "HeadWeighed, same")] = ("Ended 1 'Version is the same as current'", ""),
        [("Receiving", "HeadWeighed, refused")] = ("Ended -1 'too old'", ""),
        [("Receiving", "Failed")] = ("Ended -7 'cut off'", ""),
        [("Invalidating", "Invalidated")] = ("Writing, no image yet", "BeginSlot"),
        [("Invalidating", "Failed")] = ("Ended -7 'cut off'", ""),
        [("Writing, no image yet", "ImageWritten")] = ("Writing, image complete", ""),
        [("Writing, no image yet", "Failed")] = ("Ended -7 'cut off'", "CleanUp"),
        [("Writing, image complete", "ImageWritten")] = ("Writing, image complete", ""),
        [("Writing, image complete", "BundleEnded")] = ("Verifying", "Seal"),
        [("Writing, image complete", "Failed")] = ("Ended -7 'cut off'", "CleanUp"),
        [("Verifying", "Sealed")] = ("Arming", "Arm"),
        [("Verifying", "Failed")] = ("Ended -7 'cut off'", "CleanUp"),
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
        foreach (var name in (string[])["HeadWeighed, go", "Invalidated", "ImageWritten", "BundleEnded", "Sealed", "Armed"])
        {
            (state, var next) = UpdateMachine.Step(state, Events.Single(row => row.Name == name).Event);
            effects.AddRange(next);
        }
        Assert.Equal(
            [
                new UpdateEffect.Invalidate(SlotId.One), new UpdateEffect.BeginSlot(SlotId.One),
                new UpdateEffect.Seal(SlotId.One, Manifest, Image), new UpdateEffect.Arm(SlotId.One, Manifest, Image),
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
