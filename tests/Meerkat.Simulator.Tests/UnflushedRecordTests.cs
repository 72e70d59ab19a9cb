using Meerkat.Core.Boot;
using Meerkat.Simulator.Machine;
using Meerkat.Simulator.Medium;
using Meerkat.Simulator.Sabotages;

namespace Meerkat.Simulator.Tests;

/// <summary>Found by random lives: a boot loader ended between the write of its record and the flush.</summary>
public sealed class UnflushedRecordTests
{
    [Fact]
    public void RecordThatABootReliedOn_IsNotLostAfterIt()
    {
        var clock = new SimClock(Factory.Birth);
        var (medium, truth) = Factory.Make(clock);
        var record = DeviceChecks.Record(medium)!;
        using (var copy = medium.OpenWrite("boot/record.1"))
        {
            copy.Write(BootRecordCodec.Encode(record with { Sequence = record.Sequence + 1 }), 0);
        }
        Assert.Equal(record.Sequence, DeviceChecks.Record(medium.AfterCrash(CrashOutcome.Nothing, clock.GetUtcNow))!.Sequence);

        using var device = new SimDevice(medium, clock, truth, 1, Sabotage.None());
        device.StartAgain();

        Assert.Equal(record.Sequence + 1, DeviceChecks.Record(medium.AfterCrash(CrashOutcome.Nothing, clock.GetUtcNow))!.Sequence);
    }
}
