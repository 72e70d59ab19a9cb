using System.Globalization;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;
using Meerkat.Simulator.Machine;
using Meerkat.Simulator.Medium;
using Meerkat.Simulator.Search;
using Meerkat.Storage;

namespace Meerkat.EndToEnd.Tests.SystemCalls;

/// <summary>A recorded life, done again on a simulated medium, and held fast at every moment at which the power could be cut.</summary>
internal sealed class ReplayedLife
{
    private readonly RecordedLife life;
    private readonly SimVolume medium;
    private readonly CallReplay replay;
    private readonly Dictionary<int, SlotId> firmware = [];
    private readonly List<CutPoint> points = [];
    private Truth truth;

    private ReplayedLife(RecordedLife life)
    {
        this.life = life;
        truth = life.First;
        medium = life.Before.AfterCrash(CrashOutcome.Everything, () => replay!.Now);
        replay = new CallReplay(medium, life.Root, Umask());
    }

    /// <summary>All that the trace holds, of whatever file.</summary>
    public int Calls => life.Events.OfType<TraceEvent.Call>().Count();

    /// <summary>Changes and flushes.</summary>
    public int Operations => medium.Operations;

    /// <summary>Each change and flush has one after it, and each thing that the world learned.</summary>
    public IReadOnlyList<CutPoint> Points => points;

    /// <exception cref="FormatException">The trace is not understood, or does not lead to what is there in the end.</exception>
    public static ReplayedLife Of(RecordedLife life)
    {
        var replayed = new ReplayedLife(life);
        replayed.Run();
        return replayed;
    }

    private void Run()
    {
        var notes = new Queue<Note>(life.Notes);
        foreach (var happened in life.Events)
        {
            while (notes.TryPeek(out var note) && note.At < happened.At)
            {
                Learn(notes.Dequeue());
            }
            switch (happened)
            {
                case TraceEvent.Call { Name: "execve", Result: 0 } call:
                    Started(call);
                    break;
                case TraceEvent.Call call:
                    var operations = medium.Operations;
                    replay.Take(call);
                    if (medium.Operations > operations)
                    {
                        See($"line {call.Line}: {call.Name}", call.At);
                    }
                    break;
                case TraceEvent.Ended ended:
                    Ended(ended);
                    break;
                default:
                    throw new System.Diagnostics.UnreachableException();
            }
        }
        while (notes.TryDequeue(out var note))
        {
            Learn(note);
        }
        Assert.Equal(VolumeCopy.Lines(life.After), VolumeCopy.Lines(medium));
    }

    private void Learn(Note note)
    {
        truth = note.Change(truth);
        See(note.What, note.At);
    }

    /// <summary>A firmware was started: that of a trial begins it.</summary>
    private void Started(TraceEvent.Call call)
    {
        if (Slot(TraceText.Text(call.Arguments[0])) is not { } slot)
        {
            return;
        }
        firmware[call.Thread] = slot;
        if (truth.Candidate is { } && slot == truth.CandidateSlot)
        {
            truth = truth with
            {
                CandidateFiles = DeviceChecks.DemandFiles(medium, slot, truth.Merged()),
                Starts = truth.Starts + 1,
                Stage = Stage.Trial,
            };
        }
        else if (truth.Stage == Stage.Ending)
        {
            truth = truth.Gone(DeviceChecks.Record(medium)!.LastOutcome);
        }
        See($"line {call.Line}: the firmware of slot {slot} starts", call.At);
    }

    private void Ended(TraceEvent.Ended ended)
    {
        if (!firmware.Remove(ended.Thread, out _))
        {
            return;
        }
        truth = truth.Stage switch
        {
            Stage.Trial => truth with { Stage = Stage.Ending, Reasons = [OutcomeCode.Exited] },
            // The old one, to make room.
            Stage.Finishing or Stage.Armed => truth with { Stage = Stage.Starting },
            _ => truth,
        };
        See($"line {ended.Line}: a firmware ended", ended.At);
    }

    private SlotId? Slot(string program) =>
        program == Path.Combine(life.Root, SlotPaths.Image(SlotId.Zero)) ? SlotId.Zero
        : program == Path.Combine(life.Root, SlotPaths.Image(SlotId.One)) ? SlotId.One
        : null;

    private void See(string operation, DateTimeOffset at) => points.Add(new CutPoint(
        FormattableString.Invariant($"{points.Count}"), "what follows " + operation, medium.Copy(), truth, at, 0));

    private static int Umask() => Convert.ToInt32(
        File.ReadLines("/proc/self/status").Single(line => line.StartsWith("Umask:", StringComparison.Ordinal)).Split('\t')[1], 8);
}
