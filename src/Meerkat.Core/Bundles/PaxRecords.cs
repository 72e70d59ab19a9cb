using System.Buffers.Text;
using System.Globalization;

namespace Meerkat.Core.Bundles;

/// <summary>What a pax extended header, or GNU's long names, say about the member that follows.</summary>
internal sealed class PaxRecords
{
    public string? Path { get; set; }
    public string? Link { get; set; }
    public long? SizeBytes { get; private set; }
    public decimal? ModifiedSeconds { get; private set; }

    public bool IsEmpty => Path is null && Link is null && SizeBytes is null && ModifiedSeconds is null && !Seen;

    /// <summary>A pax header has been read for the next member.</summary>
    public bool Seen { get; private set; }

    /// <summary>Reads "LENGTH KEY=VALUE\n" records (POSIX pax, "Extended Header").</summary>
    /// <returns>What is wrong, as the end of a sentence; null when all is well.</returns>
    public string? Read(ReadOnlySpan<byte> records, bool isGlobal)
    {
        Seen |= !isGlobal;
        while (!records.IsEmpty)
        {
            if (!Utf8Parser.TryParse(records, out int length, out var digits) || digits > 9
                || length <= digits + 1 || length > records.Length
                || records[digits] != ' ' || records[length - 1] != '\n')
            {
                return "has a pax header with a malformed record";
            }
            var record = records[(digits + 1)..(length - 1)];
            records = records[length..];
            var equals = record.IndexOf((byte)'=');
            if (equals <= 0 || TarHeader.Text(record[..equals]) is not { } key
                || TarHeader.Text(record[(equals + 1)..]) is not { } value)
            {
                return "has a pax header with a record that is not KEY=VALUE in UTF-8";
            }
            if (Apply(key, value, isGlobal) is { } problem)
            {
                return problem;
            }
        }
        return null;
    }

    private string? Apply(string key, string value, bool isGlobal)
    {
        if (key.StartsWith("GNU.sparse.", StringComparison.Ordinal))
        {
            return "is a sparse file; pack it without --sparse";
        }
        if (key is not ("path" or "linkpath" or "size" or "mtime"))
        {
            return null;
        }
        if (isGlobal)
        {
            return key == "mtime" ? null : $"has a global pax header that sets '{key}' for every member";
        }
        switch (key)
        {
            case "path": Path = value; return null;
            case "linkpath": Link = value; return null;
            case "size":
                SizeBytes = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : null;
                return SizeBytes is null ? $"has a pax size that is not a number: '{EntryName.Printable(value)}'" : null;
            default:
                const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
                ModifiedSeconds = decimal.TryParse(value, Style, CultureInfo.InvariantCulture, out var time) ? time : null;
                return ModifiedSeconds is null ? $"has a pax mtime that is not a number: '{EntryName.Printable(value)}'" : null;
        }
    }
}
