using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Core.Tests.Boot;

/// <summary>A supervision with a clock of its own: events go in, steps come out, as in the supervisor's loop.</summary>
internal sealed class Scene
{
    public const long Agent = 1;
    public const long Stranger = 2;

    private long lastId;

    public Scene(BootRecord record, RunMode mode, SlotId? running, SupervisionSettings? settings = null, TimeSpan? healthMaxTime = null)
    {
        Now = new Supervision
        {
            Settings = settings ?? new SupervisionSettings(),
            Record = record,
            Mode = mode,
            Running = running,
            HealthMaxTime = healthMaxTime,
        };
        Last = SupervisionMachine.Begin(Now, Moment);
        Now = Last.Next;
    }

    public static Scene Trial(int commitTimeoutSeconds = 300, SupervisionSettings? settings = null) =>
        new(Records.Trial(commitTimeoutSeconds), RunMode.Trial, SlotId.One, settings);

    /// <summary>A trial of a firmware with a health contract of at most 120 s.</summary>
    public static Scene HealthTrial(int commitTimeoutSeconds = 0) =>
        new(Records.Trial(commitTimeoutSeconds), RunMode.Trial, SlotId.One, healthMaxTime: TimeSpan.FromSeconds(120));

    public static Scene LonelyTrial(int commitTimeoutSeconds = 300) =>
        new(Records.Trial(commitTimeoutSeconds) with { Fallback = null }, RunMode.Trial, SlotId.One);

    public static Scene Committed(SupervisionSettings? settings = null) =>
        new(Records.Committed, RunMode.Committed, SlotId.One, settings);

    public static Scene Armed()
    {
        var scene = Committed();
        scene.Ask(new BootRequest.Invalidate(null, SlotId.Zero, true));
        scene.Ask(new BootRequest.Arm(null, SlotId.Zero, Records.Slot("1.2.0"), 300));
        return scene;
    }

    /// <summary>A trial slot and its fallback, both broken: nothing runs, and the record is uncommitted.</summary>
    public static Scene Recovery() => new(Records.Trial(), RunMode.Recovery, null);

    public Supervision Now { get; private set; }

    public SupervisionStep Last { get; private set; }

    public TimeSpan Time { get; private set; } = TimeSpan.FromHours(5);

    public Moment Moment => new(Time, Records.At + Time);

    public SupervisionStep Take(SupervisionEvent happened)
    {
        Last = SupervisionMachine.Take(Now, happened, Moment);
        Now = Last.Next;
        return Last;
    }

    public BootAnswer Ask(BootRequest request, long connection = Agent)
    {
        Take(new SupervisionEvent.Requested(++lastId, connection, request));
        var answer = Assert.Single(Last.Effects.OfType<SupervisionEffect.Answer>());
        Assert.Equal(lastId, answer.Id);
        return answer.Reply;
    }

    /// <summary>Lets time go by, taking every deadline on the way as the supervisor does.</summary>
    public List<SupervisionStep> Pass(double seconds)
    {
        var until = Time + TimeSpan.FromSeconds(seconds);
        var steps = new List<SupervisionStep>();
        while (Now.NextDeadline is { } deadline && deadline <= until)
        {
            Assert.True(steps.Count < 1000, "time stands still: a deadline that has come stays");
            Time = deadline > Time ? deadline : Time;
            steps.Add(Take(new SupervisionEvent.TimePassed()));
        }
        Time = until;
        return steps;
    }

    public Scene AgentReady()
    {
        Take(new SupervisionEvent.AgentReady());
        return this;
    }

    public BootOutcome Reason => Now.Record.LastOutcome ?? throw new InvalidOperationException("no slot was left");
}
