namespace Meerkat.Bench;

/// <summary>Repeated measurements of one thing.</summary>
internal sealed record Samples(IReadOnlyList<double> Values)
{
    public double Median => Values.Order().ElementAt(Values.Count / 2);

    public double Least => Values.Min();

    public double Most => Values.Max();

    public static Samples Of(IEnumerable<double> values) => new([.. values]);

    /// <summary>Median and, in brackets, the least and the most.</summary>
    public string Show(string format, double unit = 1) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{(Median / unit).ToString(format)} ({(Least / unit).ToString(format)} to {(Most / unit).ToString(format)})");
}
