using Meerkat.Simulator.Machine;
using Meerkat.Simulator.Medium;
using Meerkat.Simulator.Sabotages;
using Meerkat.Simulator.Search;

namespace Meerkat.Simulator.Tests;

public sealed class ThousandUpdatesTests
{
    [Fact]
    public void ThousandUpdatesWithCuts_LeaveNothingBehind()
    {
        var sizes = OwnThread.Run(() => Live().ToList());

        Assert.Equal(1000, sizes.Count);
        Assert.Equal(sizes.Skip(20).Take(480).Max(), sizes.Skip(520).Max());
    }

    /// <summary>Entries on the medium after each update.</summary>
    private static IEnumerable<int> Live()
    {
        var clock = new SimClock(Factory.Birth);
        var (medium, truth) = Factory.Make(clock, userFiles: 4);
        var device = new SimDevice(medium, clock, truth, 0, Sabotage.None());
        device.PowerOn();
        var chance = new Random(1);
        for (var update = 0; update < 1000; update++)
        {
            Life.NextUpdate(device, Release.Of(2 + update % 6));
            var entries = 0;
            device.Medium.Visit("", (_, _) => entries++);
            yield return entries;
            if (update % 3 == 0)
            {
                device.Install(Release.Of(50), whole: false);
                device.EndAll();
                device = new SimDevice(
                    device.Medium.AfterCrash(new CrashOutcome(CrashKind.Subset, chance.Next()), clock.GetUtcNow), clock, device.Truth,
                    device.Kernels, Sabotage.None());
                device.PowerOn();
            }
        }
        device.Dispose();
    }
}
