using System.Collections.Immutable;

namespace Meerkat.Core.Settings;

/// <summary>Which files of a slot's file system are layers, and in what order.</summary>
/// <param name="Layers">In the order they are laid over each other.</param>
/// <param name="UserFile">Where the user's settings are read from and saved to.</param>
public sealed record ConfigFiles(ImmutableArray<ConfigFile> Layers, string UserFile)
{
    /// <summary>The user's file, unless only the other one is there.</summary>
    public const string PreferredUserFile = "conf.json";

    /// <summary>The name older firmware gives the user's file.</summary>
    public const string OtherUserFile = "conf9.json";

    /// <summary>A layer saved for one boot only: it stands in for the file and is deleted once read.</summary>
    public const string OneShotSuffix = ".try";

    private const string VendorFile = "conf_vendor.json";

    /// <summary>
    /// Chooses among the names at the root of the file system: <c>conf0.json</c> to <c>conf8.json</c>, <c>conf_vendor.json</c> before
    /// level 6, and the user's file at level 9, which is <c>conf.json</c>, or <c>conf9.json</c> where only that is there.
    /// </summary>
    public static ConfigFiles Choose(IReadOnlySet<string> names)
    {
        var userFile = !names.Contains(PreferredUserFile) && names.Contains(OtherUserFile) ? OtherUserFile : PreferredUserFile;
        var layers = ImmutableArray.CreateBuilder<ConfigFile>();
        for (var level = 0; level < ConfigLayer.User; level++)
        {
            Add(level, FileOf(level));
            if (level == 5 && names.Contains(VendorFile))
            {
                // Before level 6, so part of what level 5 gives, which level 6 is saved as the difference to.
                layers.Add(new ConfigFile(level, VendorFile, IsOneShot: false));
            }
        }
        Add(ConfigLayer.User, userFile, OtherUserFile);
        return new ConfigFiles(layers.ToImmutable(), userFile);

        void Add(int level, string name, string? otherName = null)
        {
            string[] oneShots = otherName is null ? [name + OneShotSuffix] : [name + OneShotSuffix, otherName + OneShotSuffix];
            if (oneShots.FirstOrDefault(names.Contains) is { } oneShot)
            {
                layers.Add(new ConfigFile(level, oneShot, IsOneShot: true));
            }
            else if (names.Contains(name))
            {
                layers.Add(new ConfigFile(level, name, IsOneShot: false));
            }
        }
    }

    /// <summary>The file that a level below the user's is saved to.</summary>
    public static string FileOf(int level) => $"conf{level}.json";

    /// <summary>Whether the file is a layer for one boot only.</summary>
    public static bool IsOneShot(string name) => name.EndsWith(OneShotSuffix, StringComparison.Ordinal)
        && (name[..^OneShotSuffix.Length] == PreferredUserFile
            || Enumerable.Range(0, ConfigLayer.User + 1).Any(level => name[..^OneShotSuffix.Length] == FileOf(level)));

    /// <summary>
    /// Whether the file is the user's and never taken from a bundle: both names and their one-shot forms, at the root of the file
    /// system, in any case, because a file system that ignores case would overwrite them.
    /// </summary>
    public static bool IsUserFile(string name)
    {
        var plain = name.EndsWith(OneShotSuffix, StringComparison.OrdinalIgnoreCase) ? name[..^OneShotSuffix.Length] : name;
        return plain.Equals(PreferredUserFile, StringComparison.OrdinalIgnoreCase)
            || plain.Equals(OtherUserFile, StringComparison.OrdinalIgnoreCase);
    }
}
