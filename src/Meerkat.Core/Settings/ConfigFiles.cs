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
            if (level == 6 && names.Contains("conf_vendor.json"))
            {
                layers.Add(new ConfigFile(level, "conf_vendor.json", IsOneShot: false));
            }
            Add(level, $"conf{level}.json");
        }
        Add(ConfigLayer.User, userFile);
        return new ConfigFiles(layers.ToImmutable(), userFile);

        void Add(int level, string name)
        {
            if (names.Contains(name + OneShotSuffix))
            {
                layers.Add(new ConfigFile(level, name + OneShotSuffix, IsOneShot: true));
            }
            else if (names.Contains(name))
            {
                layers.Add(new ConfigFile(level, name, IsOneShot: false));
            }
        }
    }

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
