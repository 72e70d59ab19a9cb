using System.Diagnostics;

namespace Meerkat.Rpc;

/// <summary>Where a device's spans come from. Without a listener none is made.</summary>
public static class Tracing
{
    /// <summary>The name by which an application asks for them: <c>AddSource("Meerkat")</c>.</summary>
    public const string Name = "Meerkat";

    public static ActivitySource Source { get; } = new(Name);

    /// <summary>
    /// Begins a span that outlives the call it began in: an update that comes in pieces is one span over many calls, and what else
    /// happens in the first of them is not part of it.
    /// </summary>
    /// <param name="name">For people.</param>
    /// <param name="parent">None: the span that runs now.</param>
    public static Activity? Begin(string name, Activity? parent = null)
    {
        var before = Activity.Current;
        var span = Source.StartActivity(name, ActivityKind.Internal, (parent ?? before)?.Context ?? default);
        Activity.Current = before;
        return span;
    }
}
