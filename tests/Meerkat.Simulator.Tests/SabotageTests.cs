using System.Collections.Concurrent;
using System.Globalization;
using Meerkat.Core.Tests;
using Meerkat.Simulator.Sabotages;
using Meerkat.Simulator.Search;

namespace Meerkat.Simulator.Tests;

/// <summary>The search can fail: every planted fault is found, and can be seen again.</summary>
public sealed class SabotageTests
{
    [Fact]
    public void EverySabotage_IsFound()
    {
        var names = SabotageList.Names.ToList();
        var found = new ConcurrentDictionary<string, SimulationResult>();
        Parallel.ForEach(names, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, name =>
            found[name] = new Simulation(new SimulationOptions { Sabotage = name, Lives = 0 }).Run(CancellationToken.None));

        Assert.All(names, name =>
        {
            var violation = Assert.Single(found[name].Violations.Take(1));
            Assert.Equal(violation.Text, Replay.Run(violation.Path, name, _ => { })?.Text);
            Assert.Null(Replay.Run(violation.Path.Length == 0 ? "1:none" : violation.Path, null, _ => { }));
        });
        Assert.True(names.Count >= 12);
        GeneratedDoc.Matches("docs/reliability.md", "sabotages", GeneratedDoc.Table(
            ["sabotage", "what is planted", "cuts to find it", "found as", "replay"],
            names.Select(name => (string[])
            [
                name,
                SabotageList.Text(name),
                found[name].Cuts.ToString("N0", CultureInfo.InvariantCulture),
                found[name].Violations[0].Text,
                $"`--replay {(found[name].Violations[0].Path is { Length: > 0 } path ? path : "\"\"")}`",
            ])));
    }
}
