using System.Diagnostics;
using Meerkat.Boot.Log;
using Meerkat.Device.Updates;

namespace Meerkat.Device.Telemetry;

/// <summary>What is seen of a device's updates from outside: counts for metrics, spans, and one log event each at begin and end.</summary>
public sealed class UpdateWatch(TimeProvider time, Action<string> log)
{
    private readonly long[] ended = new long[Enum.GetValues<UpdateEnding>().Length];
    private long receivedBytes;
    private string lastByItself = "";

    /// <summary>Told of every update that was begun and has ended: how, and how long it took.</summary>
    public Action<UpdateEnding, TimeSpan>? OnEnded { get; set; }

    /// <summary>Bytes of bundles taken since this program began.</summary>
    public long ReceivedBytes => Interlocked.Read(ref receivedBytes);

    /// <summary>Updates that ended so since this program began.</summary>
    public long Count(UpdateEnding ending) => Interlocked.Read(ref ended[(int)ending]);

    /// <summary>An update was asked for and not begun.</summary>
    internal void Refused(string text)
    {
        Interlocked.Increment(ref ended[(int)UpdateEnding.Refused]);
        log.Tell(new LogEvent("update_refused", $"update refused: {text}") { Severity = Severity.Warning, Reason = Word(UpdateEnding.Refused) });
    }

    /// <summary>An update that ended before there was anything to install: not modified, or no connection.</summary>
    internal void EndedBefore(UpdateResult result, bool byItself) =>
        Tell(result.Succeeded ? UpdateEnding.Unneeded : UpdateEnding.Failed, result, null, null, byItself);

    /// <param name="byItself">The device looks again and again: what it finds is logged when it is something else than before.</param>
    internal UpdateTrace Begin(bool byItself) => new(this, time.GetTimestamp(), byItself);

    internal void Received(int bytes) => Interlocked.Add(ref receivedBytes, bytes);

    internal void Begun(int slot, string version, int signatures) => log.Tell(
        new LogEvent("update_begun", FormattableString.Invariant($"update: {version} goes into slot {slot}, signatures that hold: 0x{signatures:x2}"))
        {
            Slot = slot,
            Version = version,
        });

    internal void Ended(UpdateEnding ending, UpdateResult result, int? slot, string? version, long begun, bool byItself)
    {
        Tell(ending, result, slot, version, byItself);
        OnEnded?.Invoke(ending, time.GetElapsedTime(begun));
    }

    internal static string Word(UpdateEnding ending) => ending switch
    {
        UpdateEnding.Installed => "installed",
        UpdateEnding.Unneeded => "unneeded",
        UpdateEnding.Refused => "refused",
        UpdateEnding.Failed => "failed",
        _ => throw new UnreachableException(),
    };

    private void Tell(UpdateEnding ending, UpdateResult result, int? slot, string? version, bool byItself)
    {
        Interlocked.Increment(ref ended[(int)ending]);
        if (byItself && Interlocked.Exchange(ref lastByItself, result.Message) == result.Message && slot is null)
        {
            return;
        }
        log.Tell(new LogEvent(
            ending == UpdateEnding.Refused ? "update_refused" : "update_ended", FormattableString.Invariant($"update: {result.Code} {result.Message}"))
        {
            Severity = result.Succeeded ? Severity.Info : Severity.Warning,
            Slot = slot,
            Version = version,
            Reason = Word(ending),
        });
    }
}
