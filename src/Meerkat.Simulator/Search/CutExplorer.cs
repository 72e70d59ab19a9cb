using System.Collections.Concurrent;
using Meerkat.Simulator.Machine;
using Meerkat.Simulator.Medium;
using Meerkat.Simulator.Sabotages;

namespace Meerkat.Simulator.Search;

/// <summary>
/// Cuts a life at every operation, in every crash outcome of the family, and holds the device that comes back against what the world
/// knows of it; then the recoveries from those cuts in turn.
/// </summary>
public sealed class CutExplorer
{
    /// <summary>The number of the release that a device is given after it came back; no life uses it.</summary>
    private const int NextRelease = 1000;

    private readonly Func<Sabotage> sabotage;
    private readonly SearchCounts counts = new();
    private readonly ConcurrentQueue<Violation> violations = new();

    /// <summary>What has been recovered from: the same medium with the same truth needs no second look.</summary>
    private readonly ConcurrentDictionary<(UInt128 Medium, object Truth, bool Killed), bool> seen = new();

    internal CutExplorer(Func<Sabotage> sabotage)
    {
        this.sabotage = sabotage;
    }

    public CutExplorer()
        : this(Sabotage.None)
    {
    }

    public SearchCounts Counts => counts;

    public IReadOnlyCollection<Violation> Violations => violations;

    /// <summary>Told of progress: cut points done, and all of them once they are known (0 before).</summary>
    public Action<int, int> Progress { get; init; } = (_, _) => { };

    /// <summary>Ends the search at the first violation.</summary>
    public bool StopAtFirst { get; init; }

    /// <summary>Only the plainest outcomes of each cut: what is grossly wrong shows in a tenth of the time.</summary>
    public bool Few { get; init; }

    /// <summary>All cuts of the life; with two, those during each recovery as well.</summary>
    /// <param name="cuts">1 or 2.</param>
    /// <param name="threads">How many cores to use.</param>
    /// <param name="cancellationToken">Ends the search early.</param>
    public void Run(int cuts, int threads, CancellationToken cancellationToken)
    {
        using var points = new BlockingCollection<CutPoint>(256);
        var done = 0;
        var workers = Enumerable.Range(0, threads).Select(_ => Task.Factory.StartNew(
            () =>
            {
                foreach (var point in points.GetConsumingEnumerable(CancellationToken.None))
                {
                    if (!cancellationToken.IsCancellationRequested && !(StopAtFirst && !violations.IsEmpty))
                    {
                        Cut(point, cuts);
                        Progress(Interlocked.Increment(ref done), counts.Operations);
                    }
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)).ToArray();
        Live(point =>
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                points.Add(point, CancellationToken.None);
            }
        });
        points.CompleteAdding();
        Task.WaitAll(workers, CancellationToken.None);
    }

    /// <summary>
    /// Cuts at points that were recorded of a real device. Only the power is cut: the end of the boot loader alone is told by the
    /// number of the machine's start, and that was another machine's.
    /// </summary>
    /// <param name="points">In the order of time.</param>
    /// <param name="threads">How many cores to use.</param>
    /// <param name="cancellationToken">Ends the search early.</param>
    internal void Run(IReadOnlyCollection<CutPoint> points, int threads, CancellationToken cancellationToken)
    {
        counts.Operations = points.Count;
        var done = 0;
        Parallel.ForEach(
            points,
            new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken },
            point =>
            {
                foreach (var outcome in point.Medium.Outcomes(Few))
                {
                    if (!(StopAtFirst && !violations.IsEmpty))
                    {
                        Cut(point, outcome, killed: false, again: false);
                    }
                }
                Progress(Interlocked.Increment(ref done), counts.Operations);
            });
    }

    /// <summary>Lives the life once.</summary>
    internal void Live(Action<CutPoint> see)
    {
        var clock = new SimClock(Factory.Birth);
        var (medium, truth) = Factory.Make(clock);
        using var device = new SimDevice(medium, clock, truth, 0, sabotage());
        void See(string operation) => see(new CutPoint(
            FormattableString.Invariant($"{medium.Operations}"), operation, medium.Copy(), device.Truth, clock.GetUtcNow(), device.Kernels));
        medium.BeforeOperation = See;
        Attempt("", "the undisturbed life", () => Life.Live(device));
        medium.BeforeOperation = null;
        See("the end");
        counts.Operations = medium.Operations;
    }

    /// <summary>Every outcome of one cut.</summary>
    private void Cut(CutPoint point, int cuts)
    {
        foreach (var outcome in point.Medium.Outcomes(Few))
        {
            if (StopAtFirst && !violations.IsEmpty)
            {
                return;
            }
            // Only the plainest of the first cuts are cut again, or the pairs would have no end.
            var again = cuts > 1 && outcome.Kind is CrashKind.Nothing or CrashKind.Everything;
            Cut(point, outcome, killed: false, again);
        }
        Cut(point, CrashOutcome.Everything, killed: true, again: false);
    }

    private void Cut(CutPoint point, CrashOutcome outcome, bool killed, bool again)
    {
        var path = $"{point.Path}:{(killed ? "kill" : outcome)}";
        counts.CountCut();
        using var device = Come(point, outcome);
        if (!IsNew(device, killed) && !again)
        {
            return;
        }
        counts.CountState();
        Attempt(path, $"cut before: {point.Operation}", () =>
        {
            if (again)
            {
                device.Medium.BeforeOperation = operation => CutAgain(new CutPoint(
                    FormattableString.Invariant($"{path}/{device.Medium.Operations}"), operation, device.Medium.Copy(),
                    device.Truth, device.Clock.GetUtcNow(), device.Kernels));
            }
            Recover(device, killed);
            device.Medium.BeforeOperation = null;
            Finish(device);
        });
    }

    private void CutAgain(CutPoint point)
    {
        foreach (var outcome in point.Medium.Outcomes(few: true))
        {
            counts.CountPair();
            using var device = Come(point, outcome);
            if (!IsNew(device, killed: false))
            {
                continue;
            }
            counts.CountState();
            Attempt($"{point.Path}:{outcome}", $"second cut before: {point.Operation}", () =>
            {
                Recover(device, killed: false);
                Finish(device);
            });
        }
    }

    internal SimDevice Come(CutPoint point, CrashOutcome outcome, Action<string>? log = null)
    {
        var clock = new SimClock(point.Wall);
        return new SimDevice(point.Medium.AfterCrash(outcome, clock.GetUtcNow), clock, point.Truth, point.Kernels, sabotage())
        {
            Log = log ?? (_ => { }),
        };
    }

    private bool IsNew(SimDevice device, bool killed) => seen.TryAdd((device.Medium.Fingerprint(), device.Truth.Key, killed), true);

    internal static void Recover(SimDevice device, bool killed)
    {
        if (killed)
        {
            device.StartAgain();
        }
        else
        {
            device.PowerOn();
        }
        device.Pass(TimeSpan.FromSeconds(1));
    }

    internal static void Finish(SimDevice device)
    {
        Life.NextUpdate(device, Release.Of(NextRelease + device.Truth.Good.Number % 2));
        DeviceChecks.DemandTidy(device.Medium);
    }

    private void Attempt(string path, string where, Action attempt)
    {
        try
        {
            attempt();
        }
        catch (ViolationException broken)
        {
            violations.Enqueue(new Violation(path, where, broken.Message));
        }
        catch (Exception fault)
        {
            violations.Enqueue(new Violation(path, where, $"the program failed: {fault}") { IsFault = true });
        }
    }
}
