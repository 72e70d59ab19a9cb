namespace Meerkat.Core.Settings;

/// <summary>
/// Patterns of access lists (specification 4.2), matched against a whole text and without regard to case: <c>?</c> is any character,
/// <c>*</c> a run without <c>/</c>, <c>**</c> any run, <c>|</c> parts alternatives, <c>$</c> at the end is the end. A run at the end of a
/// pattern needs at least one character: <c>ab*</c> does not match <c>ab</c>.
/// </summary>
public static class Glob
{
    public static bool Matches(string pattern, string text)
    {
        foreach (var alternative in pattern.AsSpan().Split('|'))
        {
            if (MatchesOne(pattern.AsSpan(alternative), text))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>
    /// Goes through the pattern from its end and keeps, for every place in the text, whether the rest of the pattern matches from
    /// there. The time is the product of both lengths whatever the pattern; trying each run in turn would be exponential.
    /// </summary>
    private static bool MatchesOne(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        if (pattern is [.., '$'])
        {
            pattern = pattern[..^1];
        }
        var rest = new bool[text.Length + 1];
        rest[text.Length] = true;
        var last = true;
        while (pattern.Length > 0)
        {
            var next = new bool[text.Length + 1];
            if (pattern[^1] == '*')
            {
                var anyRun = pattern is [.., '*', '*'];
                MatchRun(text, rest, next, crossesSlash: anyRun, atLeastOne: last);
                pattern = pattern[..^(anyRun ? 2 : 1)];
            }
            else
            {
                MatchCharacter(pattern[^1], text, rest, next);
                pattern = pattern[..^1];
            }
            rest = next;
            last = false;
        }
        return rest[0];
    }

    private static void MatchRun(ReadOnlySpan<char> text, bool[] rest, bool[] next, bool crossesSlash, bool atLeastOne)
    {
        var reachable = !atLeastOne && rest[text.Length];
        next[text.Length] = reachable;
        for (var at = text.Length - 1; at >= 0; at--)
        {
            var passes = crossesSlash || text[at] != '/';
            var longer = passes && (reachable || (atLeastOne && rest[at + 1]));
            reachable = longer || (!atLeastOne && rest[at]);
            next[at] = reachable;
        }
    }

    private static void MatchCharacter(char expected, ReadOnlySpan<char> text, bool[] rest, bool[] next)
    {
        for (var at = 0; at < text.Length; at++)
        {
            next[at] = rest[at + 1]
                && (expected == '?' || char.ToLowerInvariant(expected) == char.ToLowerInvariant(text[at]));
        }
    }
}
