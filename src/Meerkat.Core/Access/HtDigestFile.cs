using System.Text;

namespace Meerkat.Core.Access;

/// <summary>
/// A password file as htdigest makes it: lines <c>user:realm:HA1</c>. A user may have one line for MD5 and one for SHA-256; the
/// length of the hash tells which. Of several lines for the same, the first counts.
/// </summary>
public sealed class HtDigestFile
{
    private readonly Dictionary<(string User, string Realm, int Digits), string> hashes = [];

    private HtDigestFile()
    {
    }

    /// <summary>How many users' lines there are.</summary>
    public int Entries => hashes.Count;

    /// <summary>The numbers of the lines that are none, from 1; nobody gets in by them.</summary>
    public IReadOnlyList<int> BadLines { get; private init; } = [];

    /// <summary>Reads a whole file. Empty lines and those that begin with <c>#</c> are skipped.</summary>
    public static HtDigestFile Parse(ReadOnlySpan<byte> utf8)
    {
        var bad = new List<int>();
        var file = new HtDigestFile { BadLines = bad };
        var number = 0;
        foreach (var line in Encoding.UTF8.GetString(utf8).Split('\n').Select(line => line.Trim()))
        {
            number++;
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }
            if (line.Split(':') is [{ Length: > 0 } user, { Length: > 0 } realm, { Length: 32 or 64 } hash] && hash.All(char.IsAsciiHexDigit))
            {
                file.hashes.TryAdd((user, realm, hash.Length), hash.ToLowerInvariant());
            }
            else
            {
                bad.Add(number);
            }
        }
        return file;
    }

    /// <summary>The user's HA1; nothing when this file lets nobody of that name into that realm by that algorithm.</summary>
    public string? UserHash(string user, string realm, DigestAlgorithm algorithm) =>
        hashes.GetValueOrDefault((user, realm, DigestScheme.Digits(algorithm)));
}
