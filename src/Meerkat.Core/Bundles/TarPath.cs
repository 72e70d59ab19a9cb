using System.Text;

namespace Meerkat.Core.Bundles;

/// <summary>Paths and link targets of a file-system image.</summary>
internal static class TarPath
{
    private const int MaxSegmentBytes = 255;

    /// <summary>Brings a member's path to its one form; the root itself becomes the empty text.</summary>
    /// <param name="complaint">Why the path is refused, as the end of a sentence.</param>
    public static string Normalize(string path, BundleLimits limits, out string? complaint)
    {
        complaint = Refusal(path, limits);
        if (complaint is not null)
        {
            return "";
        }
        var segments = path.Split('/').Where(s => s is not ("" or ".")).ToArray();
        complaint = segments.Contains("..") ? "has a path that contains '..'"
            : segments.Length > limits.TarDepth ? $"has a path of more than {limits.TarDepth} names"
            : segments.Any(s => Encoding.UTF8.GetByteCount(s) > MaxSegmentBytes)
                ? $"has a path with a name of more than {MaxSegmentBytes} bytes"
            : null;
        return string.Join('/', segments);
    }

    /// <summary>
    /// Whether a symbolic link stays below the root. <c>..</c> may stand only at the beginning of the target: behind a
    /// name it could follow another link to a place above. What is left descends, and through links that hold the same.
    /// </summary>
    /// <returns>Why the target is refused, as the end of a sentence; null for a good one.</returns>
    public static string? LinkComplaint(string path, string target, BundleLimits limits)
    {
        if (target.Length == 0 || target.Contains('\0', StringComparison.Ordinal)
            || Encoding.UTF8.GetByteCount(target) > limits.TarPathBytes)
        {
            return $"is a symbolic link with a target that is empty or longer than {limits.TarPathBytes} bytes";
        }
        if (target[0] == '/')
        {
            return $"is a symbolic link to the absolute path '{EntryName.Printable(target)}'; only links inside are allowed";
        }
        var above = path.Count(c => c == '/');
        var descending = false;
        foreach (var segment in target.Split('/'))
        {
            if (segment is "" or ".")
            {
                continue;
            }
            if (segment != "..")
            {
                descending = true;
            }
            else if (descending || --above < 0)
            {
                return $"is a symbolic link that leaves the file system: '{EntryName.Printable(target)}'";
            }
        }
        return null;
    }

    private static string? Refusal(string path, BundleLimits limits) =>
        path.Length == 0 ? "has no path"
        : path[0] == '/' ? "has an absolute path"
        : path.Contains('\0', StringComparison.Ordinal) ? "has a path with a NUL"
        : Encoding.UTF8.GetByteCount(path) > limits.TarPathBytes ? $"has a path of more than {limits.TarPathBytes} bytes"
        : null;
}
