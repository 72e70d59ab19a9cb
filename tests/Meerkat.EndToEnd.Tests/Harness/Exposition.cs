using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>
/// What a device answers on <c>/metrics</c>, read as strictly as the format's description (text, version 0.0.4) allows: help and type
/// before the series of a family, families in one piece, no series twice, escapes as they must be, histograms that add up.
/// </summary>
internal sealed partial class Exposition
{
    private readonly Dictionary<string, double> series = new(StringComparer.Ordinal);

    private Exposition()
    {
    }

    public Dictionary<string, Family> Families { get; } = new(StringComparer.Ordinal);

    public IEnumerable<string> Series => series.Keys;

    /// <summary>The value of a series written as in the text, labels in order: <c>meerkat_slot_state{slot="0",state="empty"}</c>.</summary>
    public double this[string name] => series.TryGetValue(name, out var value)
        ? value
        : throw new Xunit.Sdk.XunitException($"no series {name} among\n{string.Join('\n', series.Keys)}");

    public bool Has(string beginning) => series.Keys.Any(name => name.StartsWith(beginning, StringComparison.Ordinal));

    public static async Task<Exposition> ScrapeAsync(DeviceUnderTest device)
    {
        var (code, text) = await device.GetAsync("/metrics");
        Assert.True(code == 200, text);
        return Parse(text);
    }

    public static Exposition Parse(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', text);
        var found = new Exposition();
        Family? family = null;
        var helped = "";
        foreach (var line in text[..^1].Split('\n'))
        {
            if (HelpLine().Match(line) is { Success: true } help)
            {
                helped = help.Groups[1].Value;
                Assert.DoesNotMatch(BadHelpEscape(), help.Groups[2].Value);
                family = new Family(help.Groups[2].Value);
                Assert.True(found.Families.TryAdd(helped, family), $"the family {helped} comes twice");
            }
            else if (TypeLine().Match(line) is { Success: true } type)
            {
                Assert.Equal(helped, type.Groups[1].Value);
                Assert.Empty(family!.Type);
                family.Type = type.Groups[2].Value;
            }
            else
            {
                Assert.NotNull(family);
                found.TakeSeries(helped, family, line);
            }
        }
        foreach (var (name, one) in found.Families)
        {
            Assert.NotEmpty(one.Type);
            Assert.True(one.Count > 0, $"{name} has no series");
            if (one.Type == "histogram")
            {
                found.AddsUp(name);
            }
        }
        return found;
    }

    private void TakeSeries(string name, Family family, string line)
    {
        var match = SeriesLine().Match(line);
        Assert.True(match.Success, $"no series: {line}");
        var (metric, labels, number) = (match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value);
        Assert.Contains(metric, family.Type == "histogram" ? [name + "_bucket", name + "_sum", name + "_count"] : (string[])[name]);
        Assert.Equal(family.Type == "counter", name.EndsWith("_total", StringComparison.Ordinal));
        var value = double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture);
        Assert.True(family.Type == "gauge" || value >= 0, line);
        Assert.True(series.TryAdd($"{metric}{labels}", value), $"the series {metric}{labels} comes twice");
        var names = Label().Matches(labels).Select(label => label.Groups[1].Value).ToList();
        Assert.Equal(names.Distinct(), names);
        family.Labels.UnionWith(names.Where(label => label != "le"));
        family.Count++;
    }

    private void AddsUp(string name)
    {
        foreach (var (sum, total) in series.Where(one => one.Key.StartsWith(name + "_count", StringComparison.Ordinal)).ToList())
        {
            var labels = sum[(name + "_count").Length..].Trim('{', '}');
            var buckets = series.Where(one => one.Key.StartsWith($"{name}_bucket{{{labels}{(labels.Length > 0 ? "," : "")}le=", StringComparison.Ordinal))
                .Select(one => one.Value).ToList();
            Assert.True(buckets.Count > 1, name);
            Assert.Equal(buckets.Order(), buckets);
            Assert.Equal(total, buckets[^1]);
            Assert.Contains(series.Keys, key => key == name + "_sum" + sum[(name + "_count").Length..]);
        }
    }

    [GeneratedRegex("^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$")]
    private static partial Regex HelpLine();

    [GeneratedRegex("^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$")]
    private static partial Regex TypeLine();

    [GeneratedRegex("""^([a-zA-Z_:][a-zA-Z0-9_:]*)((?:\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)+(?<!,)\})?) (-?[0-9][0-9.eE+-]*|[+-]Inf|NaN)$""")]
    private static partial Regex SeriesLine();

    [GeneratedRegex("""([a-zA-Z_][a-zA-Z0-9_]*)="(?:[^"\\\n]|\\["\\n])*[",}]""")]
    private static partial Regex Label();

    [GeneratedRegex("""\\[^\\n]""")]
    private static partial Regex BadHelpEscape();

    internal sealed class Family(string help)
    {
        public string Help => help;

        public string Type { get; set; } = "";

        public SortedSet<string> Labels { get; } = new(StringComparer.Ordinal);

        public int Count { get; set; }
    }
}
