using Meerkat.Simulator.Machine;
using Meerkat.Simulator.Medium;

namespace Meerkat.Simulator.Search;

/// <summary>A moment before a change of the medium, held fast: all that is needed to cut there.</summary>
/// <param name="Path">How to get there again, for replaying.</param>
/// <param name="Operation">What would have come next, for people.</param>
/// <param name="Medium">A copy; read only.</param>
/// <param name="Truth">What the world knows at this moment.</param>
/// <param name="Wall">The wall clock.</param>
/// <param name="Kernels">How often the machine was started.</param>
internal sealed record CutPoint(string Path, string Operation, SimVolume Medium, Truth Truth, DateTimeOffset Wall, int Kernels);
