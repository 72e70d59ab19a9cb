namespace Meerkat.Tool.Signing;

/// <summary>One block between the lines BEGIN and END of a PEM file (RFC 7468), with the headers of RFC 1421 that old keys have.</summary>
internal sealed record PemBlock(string Label, Dictionary<string, string> Headers, byte[] Content)
{
    private const string Begin = "-----BEGIN ";
    private const string End = "-----END ";
    private const string Dashes = "-----";

    /// <summary>All blocks of a text; what stands between them is ignored, as it is meant to be.</summary>
    /// <exception cref="FormatException">A block is not ended, or holds something else than Base64.</exception>
    public static List<PemBlock> Read(string text)
    {
        var blocks = new List<PemBlock>();
        string? label = null;
        var lines = new List<string>();
        foreach (var line in text.Split('\n').Select(line => line.TrimEnd()))
        {
            if (label is null)
            {
                if (line.StartsWith(Begin, StringComparison.Ordinal) && line.EndsWith(Dashes, StringComparison.Ordinal) && line.Length > Begin.Length + Dashes.Length)
                {
                    label = line[Begin.Length..^Dashes.Length];
                    lines.Clear();
                }
            }
            else if (line == End + label + Dashes)
            {
                blocks.Add(Of(label, lines));
                label = null;
            }
            else
            {
                lines.Add(line);
            }
        }
        return label is null ? blocks : throw new FormatException($"the line '{End}{label}{Dashes}' is missing");
    }

    private static PemBlock Of(string label, List<string> lines)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var at = 0;
        for (; at < lines.Count && lines[at].IndexOf(':', StringComparison.Ordinal) is var colon and > 0; at++)
        {
            headers[lines[at][..colon]] = lines[at][(colon + 1)..].Trim();
        }
        try
        {
            return new PemBlock(label, headers, Convert.FromBase64String(string.Concat(lines.Skip(at))));
        }
        catch (FormatException)
        {
            throw new FormatException($"what stands behind '{Begin}{label}{Dashes}' is not Base64");
        }
    }
}
