using Meerkat.Core.Settings;

namespace Meerkat.Core.Bundles;

/// <summary>The names at the top of a file system that belong to the user: no bundle may bring them.</summary>
public static class UserSettingsFile
{
    /// <summary>Whether a path of a file-system image is such a file, or lies below it.</summary>
    public static bool Covers(string path)
    {
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        return ConfigFiles.IsUserFile(slash < 0 ? path : path[..slash]);
    }
}
