using Meerkat.Storage;

namespace Meerkat.Simulator.Sabotages;

/// <summary>A fault between the programs and the medium.</summary>
internal sealed class StorageSabotage(Func<IVolume, IVolume> plant) : Sabotage
{
    public override IVolume Storage(IVolume medium) => plant(medium);
}
