namespace Meerkat.Core.Settings;

/// <summary>Question marks in a device's name that stand for digits of its hardware address (specification 4.2).</summary>
public static class Placeholders
{
    private const char Mark = '?';

    /// <summary>
    /// Puts the last digits in the place of the question marks, from right to left. An odd number of them means question marks; those
    /// that no digit is left for stay.
    /// </summary>
    /// <param name="text">Such as <c>kiosk_??????</c>.</param>
    /// <param name="digits">Such as <c>02FC00ABCDEF</c>; empty where there is no address.</param>
    public static string Fill(string text, string digits)
    {
        if (text.Count(c => c == Mark) % 2 != 0)
        {
            return text;
        }
        var filled = text.ToCharArray();
        var next = digits.Length - 1;
        for (var at = filled.Length - 1; at >= 0 && next >= 0; at--)
        {
            if (filled[at] == Mark)
            {
                filled[at] = digits[next--];
            }
        }
        return new string(filled);
    }
}
