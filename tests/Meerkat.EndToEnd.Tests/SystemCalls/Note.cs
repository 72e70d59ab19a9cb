using Meerkat.Simulator.Machine;

namespace Meerkat.EndToEnd.Tests.SystemCalls;

/// <summary>The world learned something, or began something.</summary>
/// <param name="At">Before a request was sent, or after its answer was there; by the clock that strace uses.</param>
/// <param name="What">For people.</param>
/// <param name="Change">What is true from then on.</param>
internal sealed record Note(DateTimeOffset At, string What, Func<Truth, Truth> Change);
