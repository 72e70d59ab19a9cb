namespace Meerkat.Core.Bundles;

/// <summary>What the receiver of a bundle does with a part.</summary>
public enum PartChoice
{
    Stop,

    /// <summary>No data, no end, no check.</summary>
    Skip,
    Take,
}
