using System.Text;
using CsCheck;
using Meerkat.Core.Health;

namespace Meerkat.Core.Tests.Health;

public sealed class HealthTrialTests
{
    /// <param name="Name">For the test's name.</param>
    /// <param name="Rounds">When each begins, and which of the two probes hold then.</param>
    /// <param name="CommitsIn">The number of the round that commits; none when none does.</param>
    public sealed record Story(string Name, (int Began, bool Web, bool Database)[] Rounds, int? CommitsIn)
    {
        public override string ToString() => Name;
    }

    /// <summary>The minimum time is 30 s.</summary>
    public static TheoryData<Story> Stories => new(
        new Story("all hold", [(0, true, true), (10, true, true), (20, true, true), (30, true, true)], 3),
        new Story("nothing is taken from before the minimum time", [(29, true, true)], null),
        new Story("one never holds", [(0, true, false), (30, true, false), (60, true, false)], null),
        new Story("each holds, but never together", [(30, true, false), (40, false, true), (50, true, false)], null),
        new Story("late, then all hold", [(30, false, false), (40, true, false), (50, true, true)], 2),
        new Story("fails in between and recovers", [(0, true, true), (10, false, true), (20, true, true), (30, true, true)], 3),
        new Story("fails at the minimum time and recovers", [(0, true, true), (30, false, true), (40, true, true)], 2));

    [Theory]
    [MemberData(nameof(Stories))]
    public void Story_CommitsInItsRound(Story story)
    {
        var trial = HealthTrial.Begin(Contract(min: 30));
        int? committed = null;
        for (var round = 0; round < story.Rounds.Length && committed is null; round++)
        {
            var (began, web, database) = story.Rounds[round];
            trial = trial.With([new(web, "w"), new(database, "d")], Seconds(began + 1));
            committed = trial.Commits(Seconds(began)) ? round : null;
        }
        Assert.Equal(story.CommitsIn, committed);
    }

    [Fact]
    public void Begin_HoldsNothing()
    {
        var trial = HealthTrial.Begin(Contract());
        Assert.False(trial.Commits(Seconds(1000)));
        Assert.Equal("web: not run yet; db: not run yet", trial.Problem);
    }

    [Fact]
    public void Problem_NamesWhatDoesNotHold()
    {
        var trial = HealthTrial.Begin(Contract()).With([new(true, "HTTP 200"), new(false, "Connection\nrefused\u0007")], Seconds(1));
        Assert.Equal("db: Connection refused", trial.Problem);
        Assert.Equal("", trial.With([new(true, ""), new(true, "")], Seconds(2)).Problem);
    }

    [Fact]
    public void Since_IsTheLastChange()
    {
        var trial = HealthTrial.Begin(Contract())
            .With([new(true, "1"), new(false, "1")], Seconds(1))
            .With([new(true, "2"), new(true, "2")], Seconds(3))
            .With([new(true, "3"), new(true, "3")], Seconds(5));
        Assert.Equal([Seconds(1), Seconds(3)], trial.Probes.Select(probe => probe.Since));
    }

    [Fact]
    public void ARound_FallsOnTheMinimumTime()
    {
        var trial = HealthTrial.Begin(Contract(min: 25, interval: 10));
        Assert.Equal([10, 20, 25, 35], new[] { 0, 10, 20, 25 }.Select(began => trial.NextRound(Seconds(began)).TotalSeconds));
    }

    [Fact]
    public void WrongNumberOfResults_IsABug() =>
        Assert.Throws<ArgumentException>(() => HealthTrial.Begin(Contract()).With([new(true, "")], Seconds(1)));

    /// <summary>Over any course of things: it commits exactly when the last round began late enough and found all well, and says why not.</summary>
    [Fact]
    public void AnyCourse_CommitsOnlyByAWholeRoundAfterTheMinimumTime()
    {
        var round = Gen.Select(Gen.Int[0, 20], Gen.Bool, Gen.Bool, Gen.String[Gen.Char["ab…é\u0000\n😀"], 0, 300]);
        Gen.Select(Gen.Int[0, 100], Gen.Int[1, 30], round.Array[1, 30]).Sample((min, interval, rounds) =>
        {
            var trial = HealthTrial.Begin(Contract(min, interval));
            var began = TimeSpan.Zero;
            foreach (var (took, web, database, text) in rounds)
            {
                trial = trial.With([new(web, text), new(database, text)], began + Seconds(took));
                Assert.Equal(web && database && began.TotalSeconds >= min, trial.Commits(began));
                Assert.Equal(web && database, trial.Problem.Length == 0);
                Assert.True(Encoding.UTF8.GetByteCount(trial.Problem) <= HealthTrial.MostProblemBytes);
                Assert.DoesNotContain(trial.Problem, char.IsControl);
                var next = trial.NextRound(began);
                Assert.True(next > began && next <= began + Seconds(interval));
                Assert.False(began < Seconds(min) && next > Seconds(min), "the minimum time was passed over");
                began = next;
            }
        });
    }

    private static HealthContract Contract(int min = 0, int interval = 2) => new(
        Seconds(min), Seconds(300), Seconds(interval),
        [new HealthProbe.Http("web", new Uri("http://127.0.0.1/"), null), new HealthProbe.Tcp("db", "127.0.0.1", 5432)]);

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);
}
