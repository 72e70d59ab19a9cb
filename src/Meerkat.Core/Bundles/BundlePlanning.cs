namespace Meerkat.Core.Bundles;

/// <summary>The answer of <see cref="BundlePlan.Prepare"/>.</summary>
public abstract record BundlePlanning
{
    private BundlePlanning()
    {
    }

    public sealed record Planned(BundlePlan Plan) : BundlePlanning;

    /// <param name="Reason">Why no such bundle can be written, for people.</param>
    public sealed record Refused(string Reason) : BundlePlanning;
}
