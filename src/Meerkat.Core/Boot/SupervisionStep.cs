using System.Collections.Immutable;

namespace Meerkat.Core.Boot;

/// <summary>The outcome of one event.</summary>
/// <param name="Next">The state after it, once <paramref name="Store"/> (if any) is durable.</param>
/// <param name="Store">The record to make durable before any effect; none when nothing durable changes.</param>
/// <param name="Effects">What to do then, in order.</param>
public sealed record SupervisionStep(
    Supervision Next, BootRecord? Store, ImmutableArray<SupervisionEffect> Effects);
