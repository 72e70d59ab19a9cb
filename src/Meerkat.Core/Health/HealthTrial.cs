using System.Collections.Immutable;
using System.Text;

namespace Meerkat.Core.Health;

/// <summary>
/// A trial under a health contract: what its probes found, round after round, and what follows. Times are counted from the firmware's
/// start. The boot loader keeps the end of the trial; a probe that failed may hold again until then.
/// </summary>
public sealed record HealthTrial(HealthContract Contract, ImmutableArray<ProbeState> Probes)
{
    /// <summary>As many UTF-8 bytes of <see cref="Problem"/> as the boot record keeps.</summary>
    public const int MostProblemBytes = Boot.BootOutcome.MaxDetailBytes;

    private const int MostTextLength = 120;

    public static HealthTrial Begin(HealthContract contract) => new(
        contract, [.. contract.Probes.Select(probe => new ProbeState(probe, new ProbeResult(false, "not run yet"), TimeSpan.Zero))]);

    public bool AllHold => Probes.All(probe => probe.Last.Held);

    /// <summary>The probes that do not hold and what they found; empty when all hold.</summary>
    public string Problem
    {
        get
        {
            var text = string.Join("; ", Probes.Where(probe => !probe.Last.Held).Select(probe => $"{probe.Probe.Name}: {probe.Last.Text}"));
            if (Encoding.UTF8.GetByteCount(text) <= MostProblemBytes)
            {
                return text;
            }
            const char more = '…';
            var kept = new StringBuilder();
            var left = MostProblemBytes - new Rune(more).Utf8SequenceLength;
            foreach (var rune in text.EnumerateRunes())
            {
                left -= rune.Utf8SequenceLength;
                if (left < 0)
                {
                    break;
                }
                kept.Append(rune);
            }
            return kept.Append(more).ToString();
        }
    }

    /// <summary>After one more round.</summary>
    /// <param name="found">One result a probe, in their order.</param>
    /// <param name="at">When the round ended.</param>
    public HealthTrial With(IReadOnlyList<ProbeResult> found, TimeSpan at)
    {
        if (found.Count != Probes.Length)
        {
            throw new ArgumentException($"expected {Probes.Length} results, found {found.Count}", nameof(found));
        }
        return this with
        {
            Probes =
            [
                .. Probes.Select((state, index) => state with
                {
                    Last = found[index] with { Text = OneLine(found[index].Text) },
                    Since = state.Last.Held == found[index].Held ? state.Since : at,
                }),
            ],
        };
    }

    /// <summary>Whether the round that has just ended commits the trial: all held, and none of it is from before the minimum time.</summary>
    /// <param name="began">When that round began.</param>
    public bool Commits(TimeSpan began) => AllHold && began >= Contract.MinTime;

    /// <summary>When the next round begins, after one that began at <paramref name="began"/>: one falls on the minimum time.</summary>
    public TimeSpan NextRound(TimeSpan began)
    {
        var next = began + Contract.Interval;
        return began < Contract.MinTime && Contract.MinTime < next ? Contract.MinTime : next;
    }

    /// <summary>What a probe found is other people's text.</summary>
    private static string OneLine(string text)
    {
        var line = string.Concat(text.Select(letter => char.IsControl(letter) || char.IsSurrogate(letter) ? ' ' : letter)).Trim();
        return line.Length > MostTextLength ? string.Concat(line.AsSpan(0, MostTextLength), "…") : line;
    }
}
