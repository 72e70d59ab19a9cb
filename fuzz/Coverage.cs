using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace Meerkat.Fuzz;

/// <summary>
/// Which branches a run has taken, and roughly how often, as SharpFuzz's instrumentation counts them in a map. Without instrumented
/// assemblies the map stays empty.
/// </summary>
internal sealed unsafe class Coverage
{
    private const int MapBytes = 1 << 16;

    /// <summary>One for the process: instrumented code may run at any time.</summary>
    private static readonly byte* Map = (byte*)NativeMemory.AllocZeroed(MapBytes);

    private readonly byte[] seen = new byte[MapBytes];

    /// <summary>The parsers were instrumented before they were loaded.</summary>
    public static bool IsThere { get; } = System.Reflection.Assembly.Load("Meerkat.Core").GetReferencedAssemblies()
        .Any(reference => reference.Name == typeof(Trace).Assembly.GetName().Name);

    /// <summary>Places of the map that any run has touched.</summary>
    public int Branches => seen.Count(times => times != 0);

    /// <summary>Must come before anything of the parsers runs.</summary>
    public static void Prepare() => Trace.SharedMem = Map;

    public static void Begin()
    {
        new Span<byte>(Map, MapBytes).Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>The places that the run touched, with one bit for how often: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, more.</summary>
    public static List<(int Place, byte Times)> Taken()
    {
        var taken = new List<(int, byte)>();
        var map = new ReadOnlySpan<byte>(Map, MapBytes);
        for (var at = 0; at < MapBytes && map[at..].IndexOfAnyExcept((byte)0) is >= 0 and var next; at++)
        {
            at += next;
            var bit = map[at] switch { 1 => 0, 2 => 1, 3 => 2, < 8 => 3, < 16 => 4, < 32 => 5, < 128 => 6, _ => 7 };
            taken.Add((at, (byte)(1 << bit)));
        }
        return taken;
    }

    /// <summary>Whether a run took a branch, or took one a number of times, as none before it; from now on they are known.</summary>
    public bool Add(List<(int Place, byte Times)> taken)
    {
        var adds = false;
        foreach (var (place, times) in taken)
        {
            adds |= (seen[place] & times) == 0;
            seen[place] |= times;
        }
        return adds;
    }
}
