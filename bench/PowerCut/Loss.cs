using System.Globalization;

namespace Meerkat.Bench.PowerCut;

/// <summary>
/// What a cut leaves of the writes that no flush has followed: any of them, in parts too. Named by a word, so that a violation can
/// be had again: <c>none</c>, <c>mask-5</c> (bit by bit), <c>lost-3</c>, <c>kept-3</c>, <c>random-17</c>, <c>torn-3-17</c>.
/// </summary>
/// <param name="Name">As above.</param>
internal sealed record Loss(string Name)
{
    /// <summary>Up to so many writes every subset is tried.</summary>
    private const int EverySubset = 4;

    /// <summary>How many single losses, random subsets and torn writes are tried where there are more.</summary>
    private const int MostSingles = 12;
    private const int Randoms = 8;
    private const int Torn = 4;

    /// <summary>All that is tried of one interval. That all of it is kept is the next interval's <c>none</c>.</summary>
    public static IEnumerable<Loss> Of(WriteLog.Interval interval, bool quick)
    {
        var count = interval.Writes.Count;
        yield return new Loss("none");
        if (count is > 1 and <= EverySubset)
        {
            for (var mask = 1; mask < (1 << count) - 1; mask++)
            {
                yield return new Loss(Invariant($"mask-{mask}"));
            }
        }
        else if (count > EverySubset)
        {
            foreach (var index in Spread(count, quick ? 2 : MostSingles))
            {
                yield return new Loss(Invariant($"lost-{index}"));
                yield return new Loss(Invariant($"kept-{index}"));
            }
            for (var seed = 1; seed <= (quick ? 2 : Randoms); seed++)
            {
                yield return new Loss(Invariant($"random-{seed}"));
            }
        }
        var wide = Enumerable.Range(0, count).Where(index => interval.Writes[index].Sectors > 1).ToList();
        foreach (var index in Spread(wide.Count, quick ? 1 : Torn))
        {
            yield return new Loss(Invariant($"torn-{wide[index]}-1"));
            yield return new Loss(Invariant($"torn-{wide[index]}-2"));
        }
    }

    /// <summary>Puts what is kept onto the disk. Sectors are whole: a disk writes one, or does not.</summary>
    /// <exception cref="BenchException">The name says nothing, or of a write that is not there.</exception>
    public void Apply(WriteLog.Interval interval, DiskImage disk)
    {
        var words = Name.Split('-');
        var numbers = words.Skip(1).Select(word => int.TryParse(word, CultureInfo.InvariantCulture, out var number) ? number : -1).ToArray();
        if ((words[0], numbers.Length) is not (("none" or "all", 0) or ("mask" or "lost" or "kept" or "random", 1) or ("torn", 2))
            || numbers.Any(number => number < 0)
            || (words[0] is "lost" or "kept" or "torn" && numbers[0] >= interval.Writes.Count))
        {
            throw new BenchException($"expected none, all, mask-M, lost-I, kept-I, random-SEED or torn-I-SEED, with I below {interval.Writes.Count}; found {Name}");
        }
        // The same numbers everywhere and always, which System.Random promises for a given seed.
        var chance = new Random(numbers.LastOrDefault());
        for (var index = 0; index < interval.Writes.Count; index++)
        {
            var write = interval.Writes[index];
            var kept = words[0] switch
            {
                "none" => false,
                "all" => true,
                "mask" => (numbers[0] >> index & 1) != 0,
                "lost" => index != numbers[0],
                "kept" => index == numbers[0],
                "random" => chance.Next(2) != 0,
                _ => index < numbers[0],
            };
            if (kept || write.Forced)
            {
                disk.Put(write.At, write.Data.Span);
            }
            else if (words[0] == "torn" && index == numbers[0])
            {
                Tear(write, numbers[1], chance, disk);
            }
        }
    }

    /// <summary>Seed 1: the first half of its sectors. Another: some of them.</summary>
    private static void Tear(WriteLog.Write write, int seed, Random chance, DiskImage disk)
    {
        for (var sector = 0; sector < write.Sectors; sector++)
        {
            if (seed == 1 ? sector < write.Sectors / 2 : chance.Next(2) != 0)
            {
                var from = sector * WriteLog.SectorBytes;
                disk.Put(write.At + from, write.Data.Span.Slice(from, WriteLog.SectorBytes));
            }
        }
    }

    private static IEnumerable<int> Spread(int count, int most) => count <= most
        ? Enumerable.Range(0, count)
        : Enumerable.Range(0, most).Select(each => most == 1 ? count - 1 : (int)((long)each * (count - 1) / (most - 1)));

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
