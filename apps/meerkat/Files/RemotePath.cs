namespace Meerkat.Tool.Files;

/// <summary>Paths on a device: <c>/</c> between names, with or without one in front.</summary>
internal static class RemotePath
{
    public static bool IsTop(string path) => path.Trim('/').Length == 0;

    /// <summary>The directory that holds the last name; empty for the top.</summary>
    public static string Directory(string path)
    {
        var plain = path.TrimEnd('/');
        return plain[..Math.Max(0, plain.LastIndexOf('/'))];
    }

    public static string Name(string path) => path.TrimEnd('/').Split('/')[^1];

    /// <summary>Another name in the same directory.</summary>
    public static string Beside(string path, string name) => path[..(path.LastIndexOf('/') + 1)] + name;
}
