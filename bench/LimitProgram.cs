using System.Globalization;
using System.Text.RegularExpressions;

namespace Meerkat.Bench;

/// <summary>What this machine can do at best: bench/limit.c, and the usual programs beside it to judge that one by.</summary>
internal sealed partial class LimitProgram(Bench bench, string program)
{
    public static async Task<LimitProgram> CompileAsync(Bench bench) => new(bench, await bench.CompileAsync("limit", "crypto"));

    /// <param name="kind">file or socket.</param>
    /// <param name="source">What is read or sent.</param>
    public async Task<(double Seconds, double Processor)> RunAsync(string kind, string source)
    {
        var target = bench.PathOf("limit.out");
        var words = (await Run.CheckedAsync(program, [kind, source, target])).Output.Split(' ');
        File.Delete(target);
        return (double.Parse(words[0], CultureInfo.InvariantCulture), double.Parse(words[1], CultureInfo.InvariantCulture));
    }

    /// <summary>SHA-256 in one thread, bytes a second, as openssl itself measures it.</summary>
    public static async Task<double> OpensslAsync()
    {
        var told = await Run.CheckedAsync("openssl", ["speed", "-seconds", "1", "-bytes", "1048576", "-evp", "sha256"]);
        return double.Parse(OpensslRate().Match(told.Output).Groups[1].Value, CultureInfo.InvariantCulture) * 1000;
    }

    /// <summary>Writing and flushing, bytes a second, as dd itself measures it.</summary>
    public async Task<double> DdAsync(long bytes)
    {
        var target = bench.PathOf("dd.out");
        var told = await Run.CheckedAsync(
            "dd", ["if=/dev/zero", "of=" + target, "bs=1M", "count=" + (bytes >> 20).ToString(CultureInfo.InvariantCulture), "conv=fdatasync"]);
        File.Delete(target);
        var seconds = DdSeconds().Match(told.Error).Groups[1].Value.Replace(',', '.');
        return bytes / double.Parse(seconds, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"^sha256\s+([\d.]+)k", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex OpensslRate();

    [GeneratedRegex(@"([\d.,]+) s,")]
    private static partial Regex DdSeconds();
}
