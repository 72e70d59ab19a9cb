using Meerkat.Core.Protocol;

namespace Meerkat.Agent;

/// <summary>The values that a request to <c>/update</c> may name besides the bundle.</summary>
internal static class UpdateForm
{
    public const int MostCommitTimeoutSeconds = 604800;

    /// <summary>Reads a commit timeout; the text says what is wrong with one that is none.</summary>
    public static (int Seconds, string? Problem) CommitTimeout(string text) =>
        WholeNumbers.TryParse(text, out var seconds) && seconds is >= 0 and <= MostCommitTimeoutSeconds
            ? ((int)seconds, null)
            : (0, $"commit_timeout must be a whole number of seconds from 0 to {MostCommitTimeoutSeconds}, found \"{text}\"");

    /// <summary>Reads a flag: true, false, 1 or 0; the text says what is wrong with one that is none.</summary>
    public static (bool Value, string? Problem) Flag(string name, string text) => text.ToUpperInvariant() switch
    {
        "TRUE" or "1" => (true, null),
        "FALSE" or "0" => (false, null),
        _ => (false, $"{name} must be true or false, found \"{text}\""),
    };
}
