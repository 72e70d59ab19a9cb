using System.Diagnostics;
using System.Globalization;
using Meerkat.Tool.Devices;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Meerkat.Tool.Watching;

/// <summary>A device's state on a terminal, redrawn in place, with the last changes below it.</summary>
internal sealed class WatchScreen(string address, LiveDisplayContext context)
{
    private const int ChangesShown = 8;
    private const int BarCells = 40;

    private readonly Queue<DeviceChange> changes = new();
    private long lookedAt = Stopwatch.GetTimestamp();
    private bool away;

    /// <summary>Runs something with a screen to show on.</summary>
    public static Task<int> RunAsync(IAnsiConsole console, string address, Func<WatchScreen, Task<int>> work) =>
        console.Live(new Text($"{address} …")).AutoClear(false).StartAsync(context => work(new WatchScreen(address, context)));

    public void Show(DeviceHistory history, IReadOnlyList<DeviceChange> changed)
    {
        foreach (var change in changed)
        {
            away = change.Kind switch
            {
                ChangeKind.Away => true,
                ChangeKind.Back or ChangeKind.State => false,
                _ => away,
            };
            changes.Enqueue(change);
        }
        while (changes.Count > ChangesShown)
        {
            changes.Dequeue();
        }
        if (!away)
        {
            lookedAt = Stopwatch.GetTimestamp();
        }
        context.UpdateTarget(new Rows(Parts(history)));
        context.Refresh();
    }

    private IEnumerable<IRenderable> Parts(DeviceHistory history)
    {
        var facts = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(3)).AddColumn();
        foreach (var (name, value) in Facts(history))
        {
            facts.AddRow(new Text(name), new Text(value));
        }
        yield return facts;
        yield return new Text("");
        foreach (var change in changes)
        {
            yield return new Text(string.Create(
                CultureInfo.InvariantCulture, $"{change.Time.ToLocalTime():HH:mm:ss}  {change.Text}"));
        }
    }

    private IEnumerable<(string Name, string Value)> Facts(DeviceHistory history)
    {
        yield return ("device", away ? $"{address} (away)" : address);
        if (history.Last is not { } status)
        {
            yield break;
        }
        yield return ("version", status.Version ?? "unknown");
        yield return ("slot", status.Slot?.ToString(CultureInfo.InvariantCulture) ?? "none");
        yield return ("state", status.PhaseWord);
        yield return ("committed", status.IsCommitted ? "yes" : "no");
        if (status.Ready is { } ready)
        {
            yield return ("ready", ready ? "yes" : "not yet");
        }
        if (StatusWords.IsUpdating(status) && status.Progress is { } percent)
        {
            var cells = (int)Math.Clamp(percent * BarCells / 100, 0, BarCells);
            yield return ("progress", string.Create(
                CultureInfo.InvariantCulture, $"{new string('█', cells)}{new string('░', BarCells - cells)} {percent:0} %"));
        }
        if (status is { IsCommitted: false, DeadlineLeft: { } told })
        {
            var left = Math.Max(0, told - Stopwatch.GetElapsedTime(lookedAt).TotalSeconds);
            yield return ("falls back in", string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(left):0} s unless committed"));
        }
        if (status is { IsCommitted: false, Health: { IsWaiting: true } health })
        {
            yield return ("health contract", health.Problem.Length > 0 ? $"{health.Count}; {health.Problem}" : health.Count);
        }
        yield return ("restarts seen", history.Restarts.ToString(CultureInfo.InvariantCulture));
        if (status.Reason is { } reason)
        {
            yield return ("last fall back", reason.Described);
        }
    }
}
