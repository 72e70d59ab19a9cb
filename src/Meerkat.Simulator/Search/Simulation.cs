using System.Collections.Concurrent;
using System.Diagnostics;
using Meerkat.Simulator.Machine;
using Meerkat.Simulator.Sabotages;

namespace Meerkat.Simulator.Search;

/// <summary>The whole search: every cut of the fixed life, then random lives.</summary>
public sealed class Simulation(SimulationOptions options)
{
    private const int MostViolations = 100;

    private readonly Func<Sabotage> sabotage = options.Sabotage is { } name ? SabotageList.Maker(name) : Sabotage.None;
    private readonly ConcurrentQueue<Violation> violations = new();
    private long lives;
    private long lifeCuts;
    private long lifeUpdates;

    /// <summary>Told now and then, from any thread.</summary>
    public Action<SimulationProgress> Progress { get; init; } = _ => { };

    public SimulationResult Run(CancellationToken cancellationToken) => OwnThread.Run(() => Search(cancellationToken));

    private SimulationResult Search(CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        using var limit = new CancellationTokenSource(options.Limit ?? Timeout.InfiniteTimeSpan);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var counts = new SearchCounts();
        if (options.Cuts > 0)
        {
            // A fault that shows in the plainest outcomes is found in a tenth of the time.
            counts = options.Sabotage is not null ? Search(few: true, end.Token) : counts;
            counts = violations.IsEmpty ? Search(few: false, end.Token) : counts;
        }
        var cutTime = watch.Elapsed;
        if (violations.IsEmpty || options.Sabotage is null)
        {
            LiveRandomly(end.Token);
        }
        return new SimulationResult(
            counts.Operations, counts.Cuts, counts.Pairs, counts.States, cutTime, lives, lifeCuts, lifeUpdates, watch.Elapsed, [.. violations]);
    }

    private SearchCounts Search(bool few, CancellationToken cancellationToken)
    {
        var explorer = new CutExplorer(sabotage)
        {
            StopAtFirst = options.Sabotage is not null,
            Few = few,
            Progress = (done, all) => Progress(new SimulationProgress(options.Cuts == 1 ? "cuts" : "cuts and pairs", done, all)),
        };
        // How many it takes to find a fault must not depend on which core was quicker.
        explorer.Run(options.Cuts, options.Sabotage is null ? options.Threads : 1, cancellationToken);
        foreach (var violation in explorer.Violations.Take(MostViolations))
        {
            violations.Enqueue(violation);
        }
        return explorer.Counts;
    }

    private void LiveRandomly(CancellationToken cancellationToken)
    {
        var next = options.Seed - 1L;
        var last = options.Limit is null ? options.Seed + options.Lives - 1L : int.MaxValue;
        var threads = Enumerable.Range(0, options.Threads).Select(_ => Task.Factory.StartNew(
            () =>
            {
                while (!cancellationToken.IsCancellationRequested && violations.Count < MostViolations
                    && Interlocked.Increment(ref next) is var seed && seed <= last)
                {
                    Live((int)seed);
                    Progress(new SimulationProgress("random lives", Interlocked.Read(ref lives), options.Limit is null ? options.Lives : 0));
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)).ToArray();
        Task.WaitAll(threads, CancellationToken.None);
    }

    private void Live(int seed)
    {
        using var life = new RandomLife(seed, sabotage);
        try
        {
            life.Live(options.Steps);
        }
        catch (Exception broken)
        {
            violations.Enqueue(new Violation(
                Replay.LifePath(seed, options.Steps),
                life.Steps.FindLast(step => !step.StartsWith(' ')) ?? "",
                broken is ViolationException ? broken.Message : $"the program failed: {broken}"));
        }
        Interlocked.Increment(ref lives);
        Interlocked.Add(ref lifeCuts, life.Cuts);
        Interlocked.Add(ref lifeUpdates, life.Updates);
    }
}
