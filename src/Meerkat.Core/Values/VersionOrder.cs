using System.Globalization;
using System.Numerics;

namespace Meerkat.Core.Values;

/// <summary>
/// The order of version texts: pieces between dots, numbers by value, others by their characters; a number is higher than
/// a word, and what follows a dash or a plus sign counts only where all before it is equal: a dash makes it lower, a plus
/// sign higher than the version without either.
/// </summary>
public static class VersionOrder
{
    public static int Compare(string left, string right)
    {
        var (leftCore, leftRest) = Split(left);
        var (rightCore, rightRest) = Split(right);
        var core = ComparePieces(leftCore, rightCore);
        if (core != 0)
        {
            return core;
        }
        var rank = Rank(leftRest).CompareTo(Rank(rightRest));
        return rank != 0 || leftRest.Length == 0 ? rank : ComparePieces(leftRest[1..], rightRest[1..]);
    }

    private static int Rank(string rest) => rest.Length == 0 ? 0 : rest[0] == '-' ? -1 : 1;

    private static (string Core, string Suffix) Split(string version) =>
        version.IndexOfAny(['-', '+']) is >= 0 and var end ? (version[..end], version[end..]) : (version, "");

    private static int ComparePieces(string left, string right)
    {
        var (lefts, rights) = (left.Split('.'), right.Split('.'));
        for (var index = 0; index < Math.Max(lefts.Length, rights.Length); index++)
        {
            var order = ComparePiece(lefts.ElementAtOrDefault(index) ?? "", rights.ElementAtOrDefault(index) ?? "");
            if (order != 0)
            {
                return order;
            }
        }
        return 0;
    }

    private static int ComparePiece(string left, string right)
    {
        var leftIsNumber = BigInteger.TryParse(left.Length == 0 ? "0" : left, NumberStyles.None, CultureInfo.InvariantCulture, out var leftNumber);
        var rightIsNumber = BigInteger.TryParse(right.Length == 0 ? "0" : right, NumberStyles.None, CultureInfo.InvariantCulture, out var rightNumber);
        if (leftIsNumber && rightIsNumber)
        {
            return leftNumber.CompareTo(rightNumber);
        }
        return leftIsNumber != rightIsNumber ? (leftIsNumber ? 1 : -1) : string.CompareOrdinal(left, right);
    }
}
