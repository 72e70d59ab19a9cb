using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Meerkat.Agent;

/// <summary>
/// The instruments of some meters in Prometheus's text format, version 0.0.4. Listens from the moment it is made; what was measured
/// before is not known. Labels must come from bounded sets: a series is kept for ever.
/// </summary>
internal sealed class MetricsText : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly Lock gate = new();
    private readonly Lock oneLook = new();
    private readonly MeterListener listener = new();
    private readonly SortedDictionary<string, Family> families = new(StringComparer.Ordinal);

    public MetricsText(params Meter[] meters)
    {
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (meters.Contains(instrument.Meter))
            {
                var family = new Family(instrument);
                lock (gate)
                {
                    families.Add(instrument.Name, family);
                }
                listening.EnableMeasurementEvents(instrument, family);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, family) => Take((Family)family!, value, tags));
        listener.SetMeasurementEventCallback<long>((_, value, tags, family) => Take((Family)family!, value, tags));
        listener.Start();
    }

    /// <summary>Looks at everything once.</summary>
    public string Write()
    {
        lock (oneLook)
        {
            lock (gate)
            {
                foreach (var family in families.Values)
                {
                    family.BeginLook();
                }
            }
            // Without the inner lock: the boot loader is asked, and who counts a call must not wait for its answer.
            listener.RecordObservableInstruments();
            var text = new StringBuilder();
            lock (gate)
            {
                foreach (var family in families.Values)
                {
                    family.Write(text);
                }
            }
            return text.ToString();
        }
    }

    public void Dispose() => listener.Dispose();

    private void Take(Family family, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (gate)
        {
            family.Take(value, tags);
        }
    }

    /// <summary>One instrument: its help, its type and its series.</summary>
    private sealed class Family(Instrument instrument)
    {
        private readonly double[]? bounds = (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries?.ToArray();
        private readonly SortedDictionary<string, Series> series = new(StringComparer.Ordinal);

        private string Type => instrument switch
        {
            Histogram<double> => "histogram",
            Counter<long> or ObservableCounter<double> => "counter",
            _ => "gauge",
        };

        public void BeginLook()
        {
            if (instrument.IsObservable)
            {
                // What is not told any more is gone: a trial's deadline after its commit.
                series.Clear();
            }
        }

        public void Take(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var labels = Labels(tags);
            if (!series.TryGetValue(labels, out var one))
            {
                series.Add(labels, one = new Series(bounds is null ? [] : new long[bounds.Length]));
            }
            one.Count++;
            one.Sum += value;
            for (var i = 0; i < one.AtMost.Length; i++)
            {
                one.AtMost[i] += value <= bounds![i] ? 1 : 0;
            }
        }

        public void Write(StringBuilder text)
        {
            if (series.Count == 0)
            {
                return;
            }
            text.Append("# HELP ").Append(instrument.Name).Append(' ')
                .Append(instrument.Description?.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');
            text.Append("# TYPE ").Append(instrument.Name).Append(' ').Append(Type).Append('\n');
            foreach (var (labels, one) in series)
            {
                if (bounds is null)
                {
                    Line(text, "", labels, one.Sum);
                    continue;
                }
                for (var i = 0; i < bounds.Length; i++)
                {
                    Line(text, "_bucket", Join(labels, $"le=\"{Number(bounds[i])}\""), one.AtMost[i]);
                }
                Line(text, "_bucket", Join(labels, "le=\"+Inf\""), one.Count);
                Line(text, "_sum", labels, one.Sum);
                Line(text, "_count", labels, one.Count);
            }
        }

        private void Line(StringBuilder text, string suffix, string labels, double value)
        {
            text.Append(instrument.Name).Append(suffix);
            if (labels.Length > 0)
            {
                text.Append('{').Append(labels).Append('}');
            }
            text.Append(' ').Append(Number(value)).Append('\n');
        }

        private static string Join(string labels, string more) => labels.Length == 0 ? more : $"{labels},{more}";

        private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

        private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var text = new StringBuilder();
            foreach (var (name, value) in tags)
            {
                text.Append(text.Length > 0 ? "," : "").Append(name).Append("=\"").Append(
                    (value?.ToString() ?? "")
                        .Replace("\\", "\\\\", StringComparison.Ordinal)
                        .Replace("\"", "\\\"", StringComparison.Ordinal)
                        .Replace("\n", "\\n", StringComparison.Ordinal)).Append('"');
            }
            return text.ToString();
        }
    }

    /// <summary>A counter or a gauge has only a sum.</summary>
    private sealed class Series(long[] atMost)
    {
        public long[] AtMost { get; } = atMost;

        public long Count { get; set; }

        public double Sum { get; set; }
    }
}
