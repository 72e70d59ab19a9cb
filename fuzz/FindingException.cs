namespace Meerkat.Fuzz;

/// <summary>An input for which something that must always hold does not.</summary>
internal sealed class FindingException(string text, Exception? cause = null) : Exception(text, cause)
{
    /// <exception cref="FindingException">The condition does not hold.</exception>
    public static void Unless(bool holds, string text)
    {
        if (!holds)
        {
            throw new FindingException(text);
        }
    }
}
