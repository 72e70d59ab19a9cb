using Meerkat.Boot.Link;
using Meerkat.Simulator.Machine;
using Meerkat.Storage;

namespace Meerkat.Simulator.Sabotages;

/// <summary>A fault in the order of what the agent asks the boot loader.</summary>
internal sealed class LinkSabotage(Func<IBootChannel, Func<Release?>, IVolume, IBootChannel> plant) : Sabotage
{
    private IVolume? disk;

    public override IVolume Storage(IVolume medium) => disk = medium;

    public override IBootChannel Link(IBootChannel channel, Func<Release?> installing) => plant(channel, installing, disk!);
}
