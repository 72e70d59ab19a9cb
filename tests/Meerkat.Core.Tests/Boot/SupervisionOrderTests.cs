using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Core.Tests.Boot;

/// <summary>
/// The machine over all orders of its events: from each starting state every sequence of events up to a length is taken,
/// and what must hold is looked at after each step. An unwritable record is one of the things that can happen.
/// </summary>
public sealed class SupervisionOrderTests
{
    private const int Depth = 7;

    /// <summary>What can happen: the event's name, and how far time moves before it.</summary>
    private static readonly (string Name, double Seconds, Func<Supervision, long, SupervisionEvent> Event, bool Stored)[] Happenings =
    [
        ("commit", 0, (_, id) => Ask(id, 1, new BootRequest.Commit(null)), true),
        ("commit, not stored", 0, (_, id) => Ask(id, 1, new BootRequest.Commit(null)), false),
        ("revert", 0, (_, id) => Ask(id, 1, new BootRequest.Revert(null)), true),
        ("revert, not stored", 0, (_, id) => Ask(id, 1, new BootRequest.Revert(null)), false),
        ("restart", 0, (_, id) => Ask(id, 1, new BootRequest.Restart(null, false)), true),
        ("forced restart", 0, (_, id) => Ask(id, 2, new BootRequest.Restart(null, true)), true),
        ("begin", 0, (now, id) => Ask(id, 1, new BootRequest.Invalidate(null, Target(now), true)), true),
        ("arm", 0, (now, id) => Ask(id, 1, new BootRequest.Arm(null, Target(now), Records.Slot("9"), 60)), true),
        ("hold", 0, (now, id) => Ask(id, 1, new BootRequest.Hold(null, Target(now), Records.Slot("9"), 60, true)), true),
        ("activate", 0, (_, id) => Ask(id, 2, new BootRequest.Activate(null, null)), true),
        ("keep snapshot", 0, (now, id) => Ask(id, 1, new BootRequest.KeepSnapshot(null, Target(now), true, 60)), true),
        ("set the other slot", 0, (now, id) => Ask(id, 2, new BootRequest.SetState(null, new() { Active = now.Record.Active.Other }, "")), true),
        ("set on trial", 0, (_, id) => Ask(id, 2, new BootRequest.SetState(null, new() { Committed = false, CommitTimeoutSeconds = 5 }, "")), true),
        ("set good, no fallback", 0, (_, id) => Ask(id, 2, new BootRequest.SetState(null, new() { Committed = true, SetsFallback = true }, "")), true),
        ("stale commit", 0, (now, id) => Ask(id, 1, new BootRequest.Commit(now.Record.Sequence - 1)), true),
        ("health fails", 0, (_, id) => Ask(id, 2, new BootRequest.Health(null, "web: HTTP 500", false)), true),
        ("health cannot hold", 0, (_, id) => Ask(id, 2, new BootRequest.Health(null, "no contract", true)), true),
        ("disconnect", 0, (_, _) => new SupervisionEvent.Disconnected(1), true),
        ("exit", 0.5, (_, _) => new SupervisionEvent.FirmwareExited(new ExitStatus(1, 0)), true),
        ("agent exit", 0.5, (_, _) => new SupervisionEvent.AgentExited(new ExitStatus(78, 0)), true),
        ("ready", 0.5, (_, _) => new SupervisionEvent.FirmwareReady(), true),
        ("ping", 0.5, (_, _) => new SupervisionEvent.FirmwarePinged(), true),
        ("agent ready", 0.5, (_, _) => new SupervisionEvent.AgentReady(), true),
        ("time", double.NaN, (_, _) => new SupervisionEvent.TimePassed(), true),
        ("time, not stored", double.NaN, (_, _) => new SupervisionEvent.TimePassed(), false),
        ("end asked", 0, (_, _) => new SupervisionEvent.EndAsked(), true),
        ("all stopped", 0, (_, _) => new SupervisionEvent.AllStopped(), true),
    ];

    private static readonly Dictionary<string, Func<Supervision>> Starts = new()
    {
        ["trial"] = () => Scene.Trial().Now,
        ["trial that commits itself"] = () => Scene.Trial(0).Now,
        ["trial with a health contract"] = () => Scene.HealthTrial().Now,
        ["trial that says when it is ready"] = () => Scene.Trial(300, new() { Ready = ReadyMode.Notify }).Now,
        ["trial with nothing to fall back to"] = () => Scene.LonelyTrial().Now,
        ["committed"] = () => Scene.Committed(new() { MaxCrashes = 2 }).Now,
        ["armed"] = () => Scene.Armed().Now,
        ["held"] = () => new Scene(Records.Held, RunMode.Committed, SlotId.Zero).Now,
        ["set on trial"] = () => new Scene(Records.Committed.Set(SlotId.One, SlotId.Zero, false, 30), RunMode.Committed, SlotId.One).Now,
        ["trial of a committed slot"] = () => new Scene(
            Records.Committed.Set(SlotId.One, SlotId.Zero, false, 30).StartTrial(Records.KernelBoot), RunMode.Trial, SlotId.One).Now,
        ["recovery"] = () => Scene.Recovery().Now,
        ["committed record in recovery"] = () => new Scene(Records.Committed, RunMode.Recovery, null).Now,
    };

    public static TheoryData<string> Names => [.. Starts.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void AnyOrderOfEvents_KeepsWhatMustHold(string start)
    {
        var visited = new Dictionary<State, int>();
        Explore(new State(Starts[start](), TimeSpan.FromHours(5), false, false), Depth, [], visited);
        Assert.True(visited.Count > 100, $"only {visited.Count} states were reached");
    }

    private static void Explore(State state, int depth, List<string> path, Dictionary<State, int> visited)
    {
        if (depth == 0 || (visited.TryGetValue(state, out var known) && known >= depth))
        {
            return;
        }
        visited[state] = depth;
        foreach (var happening in Happenings)
        {
            path.Add(happening.Name);
            try
            {
                Explore(Take(state, happening), depth - 1, path, visited);
            }
            catch (Exception fault) when (fault is not OrderException)
            {
                throw new OrderException($"{string.Join(", ", path)}: {fault.Message}", fault);
            }
            path.RemoveAt(path.Count - 1);
        }
    }

    private static State Take(
        State state, (string Name, double Seconds, Func<Supervision, long, SupervisionEvent> Event, bool Stored) happening)
    {
        var now = state.Now;
        var time = double.IsNaN(happening.Seconds)
            ? now.NextDeadline is { } deadline && deadline > state.Time ? deadline : state.Time
            : state.Time + TimeSpan.FromSeconds(happening.Seconds);
        var happened = happening.Event(now, 42);
        var moment = new Moment(time, Records.At);
        var step = SupervisionMachine.Take(now, happened, moment);
        var decided = step;
        if (step.Store is not null && !happening.Stored)
        {
            step = SupervisionMachine.NotStored(now, step, "full");
            Require(step.Store is null, "what follows a failed write writes nothing");
            Require(step.Next.Record == now.Record, "a record that was not stored is not in force");
        }
        CheckRecord(now, step);
        CheckAnswers(now, happened, step);
        CheckEffects(now, step);
        CheckTime(now, happened, decided, time);
        var committed = state.Committed || (now.Mode == RunMode.Trial && step.Store is { Committed: true } stored && stored.Active == now.Running);
        var fellBack = state.FellBack || (now.Mode == RunMode.Trial && step.Store is { } other && other.LastOutcome != now.Record.LastOutcome);
        Require(!(committed && fellBack) || !state.InTrial, "a trial was both committed and given up");
        return new State(step.Next, time, committed, fellBack);
    }

    private static void CheckRecord(Supervision now, SupervisionStep step)
    {
        if (step.Store is not { } record)
        {
            Require(step.Next.Record == now.Record, "the record changed without being stored");
            return;
        }
        Require(!now.Stopping, "the record changed while everything was being stopped");
        Require(record == step.Next.Record, "what is stored is what is in force");
        Require(record.Sequence == now.Record.Sequence + 1, "the sequence grows by one with each write");
        Require(record.Active != record.Fallback, "a slot is not its own fallback");
        Require(record.Fallback is not { } fallback || record[fallback].State == SlotState.Committed,
            "a slot to fall back to that never was committed");
        Require(!record.Committed || record[record.Active].State == SlotState.Committed || now.Mode == RunMode.Recovery,
            "a committed record whose active slot is not");
        Require(
            BootRecordCodec.Decode(BootRecordCodec.Encode(record)) is BootRecordCopy.Valid valid && valid.Record == record,
            "the record does not read as it was written");
    }

    private static void CheckAnswers(Supervision now, SupervisionEvent happened, SupervisionStep step)
    {
        var answers = step.Effects.OfType<SupervisionEffect.Answer>().ToList();
        Require(answers.Count == (happened is SupervisionEvent.Requested ? 1 : 0), $"{answers.Count} answers");
        if (happened is not SupervisionEvent.Requested { Request: var request })
        {
            return;
        }
        var reply = answers[0].Reply;
        Require(reply.Done == (reply.Text.Length == 0), "a refusal has words, and only a refusal");
        Require(reply.Sequence == step.Next.Record.Sequence, "the answer names the sequence in force");
        Require(reply.Done || step.Store is null, "what is refused stores nothing");
        Require(request is not BootRequest.Commit || !reply.Done || step.Store is { Committed: true },
            "a commit is answered only with a committed record");
        Require(request is not BootRequest.Commit || !reply.Done || (!now.Record.Committed && now.Running == now.Record.Active),
            "a commit of what does not run");
        Require(request is BootRequest.Restart or BootRequest.Health || !reply.Done || step.Store is not null, "done, but not durable");
        Require(request is not BootRequest.Health { Final: true } || !reply.Done || !now.CanFallBack || step.Store is { LastOutcome.Code: OutcomeCode.HealthFailed },
            "a contract that cannot hold is not given up");
    }

    private static void CheckEffects(Supervision now, SupervisionStep step)
    {
        var effects = step.Effects;
        Require(effects.Count(effect => effect is SupervisionEffect.StopAll) <= (now.Stopping ? 0 : 1), "stopped twice");
        Require(!effects.Any(effect => effect is SupervisionEffect.BootAgain or SupervisionEffect.End) || now.Stopping,
            "boots again or ends before everything has been stopped");
        Require(effects.All(effect => effect is not (SupervisionEffect.StartFirmware or SupervisionEffect.StartAgent))
            || !now.Stopping, "something is started while everything is being stopped");
        Require(effects.All(effect => effect is not SupervisionEffect.StartFirmware) || now.Running is not null,
            "firmware is started in recovery");
        Require(effects.All(effect => effect is not SupervisionEffect.KeepCommitted) || step.Store is { Committed: true },
            "a commit that is not stored");
        Require(!now.Stopping || step.Next.Stopping, "stopping ends only with the next boot");
        var leaves = step.Store is { } record && record.LastOutcome != now.Record.LastOutcome;
        Require(!leaves || effects.Contains(new SupervisionEffect.StopAll()), "a slot is given up, but goes on running");
        Require(!leaves || !effects.Contains(new SupervisionEffect.KeepCommitted()), "given up and committed in one step");
    }

    /// <summary>A deadline that has come is gone after it was taken, or the supervisor's loop would spin.</summary>
    private static void CheckTime(Supervision now, SupervisionEvent happened, SupervisionStep step, TimeSpan time)
    {
        if (happened is SupervisionEvent.TimePassed && now.NextDeadline is { } deadline && deadline <= time)
        {
            Require(step.Next != now, "a deadline came and nothing happened");
            var turns = 0;
            for (var next = step.Next; next.NextDeadline <= time; turns++)
            {
                Require(turns < 10, "time stands still");
                next = SupervisionMachine.Take(next, happened, new Moment(time, Records.At)).Next;
            }
        }
        Require(!step.Next.Stopping || step.Next.NextDeadline is null, "a deadline while everything is being stopped");
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException(what);
        }
    }

    private static SlotId Target(Supervision now) => (now.Running ?? now.Record.Active).Other;

    private static SupervisionEvent.Requested Ask(long id, long connection, BootRequest request) => new(id, connection, request);

    private sealed record State(Supervision Now, TimeSpan Time, bool Committed, bool FellBack)
    {
        /// <summary>After its commit a slot may be left again for its crashes, which is another story than the trial's.</summary>
        public bool InTrial => Now.Mode == RunMode.Trial;
    }

    /// <summary>What did not hold, and after which events.</summary>
    private sealed class OrderException(string message, Exception inner) : Exception(message, inner);
}
