using System.Globalization;

namespace Meerkat.Simulator.Medium;

/// <summary>What a crash leaves of the changes that were not durable.</summary>
/// <param name="Kind">The rule.</param>
/// <param name="Index">The change that the rule speaks of, counted from the oldest.</param>
/// <param name="Bytes">For the torn ones: how much of the write arrived.</param>
public readonly record struct CrashOutcome(CrashKind Kind, int Index = 0, int Bytes = 0)
{
    public static readonly CrashOutcome Nothing = new(CrashKind.Nothing);
    public static readonly CrashOutcome Everything = new(CrashKind.Everything);

    /// <summary>Short, and read back by <see cref="Parse"/>: none, all, only3, but3, torn3@512, rest3@512, tail3@512, zero3.</summary>
    public override string ToString() => Kind switch
    {
        CrashKind.Nothing => "none",
        CrashKind.Everything => "all",
        CrashKind.Only => Invariant($"only{Index}"),
        CrashKind.AllBut => Invariant($"but{Index}"),
        CrashKind.Torn => Invariant($"torn{Index}@{Bytes}"),
        CrashKind.TornAmongAll => Invariant($"rest{Index}@{Bytes}"),
        CrashKind.Tail => Invariant($"tail{Index}@{Bytes}"),
        CrashKind.Zeros => Invariant($"zero{Index}"),
        CrashKind.Subset => Invariant($"some{Index}"),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <exception cref="FormatException">It is no outcome.</exception>
    public static CrashOutcome Parse(string text)
    {
        foreach (var (word, kind, torn) in Words)
        {
            if (!text.StartsWith(word, StringComparison.Ordinal))
            {
                continue;
            }
            var numbers = text[word.Length..].Split('@');
            if (word is "none" or "all")
            {
                return text == word ? new CrashOutcome(kind) : throw Wrong(text);
            }
            return numbers.Length == (torn ? 2 : 1) && Number(numbers[0]) is { } index && Number(numbers[^1]) is { } bytes
                ? new CrashOutcome(kind, index, torn ? bytes : 0)
                : throw Wrong(text);
        }
        throw Wrong(text);
    }

    private static readonly (string Word, CrashKind Kind, bool Torn)[] Words =
    [
        ("none", CrashKind.Nothing, false), ("all", CrashKind.Everything, false), ("only", CrashKind.Only, false),
        ("but", CrashKind.AllBut, false), ("torn", CrashKind.Torn, true), ("rest", CrashKind.TornAmongAll, true),
        ("tail", CrashKind.Tail, true), ("zero", CrashKind.Zeros, false), ("some", CrashKind.Subset, false),
    ];

    private static FormatException Wrong(string text) =>
        new($"\"{text}\" is no crash outcome; expected none, all, only3, but3, torn3@512, rest3@512, tail3@512, zero3 or some3");

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
