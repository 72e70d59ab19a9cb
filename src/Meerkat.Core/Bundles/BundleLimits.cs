namespace Meerkat.Core.Bundles;

/// <summary>Bounds a reader checks before it believes a number in a bundle. All sizes are bytes.</summary>
public sealed record BundleLimits
{
    public static readonly BundleLimits Default = new();

    /// <summary>Size of <c>manifest.json</c>, which is the only entry held in memory.</summary>
    public int ManifestBytes { get; init; } = 64 * 1024;

    /// <summary>Nesting of the manifest's JSON.</summary>
    public int ManifestDepth { get; init; } = 16;

    /// <summary>Entries of the archive, and parts of the manifest.</summary>
    public int Entries { get; init; } = 64;

    /// <summary>UTF-8 length of an entry's name after its top folder is taken off (specification 1.2: 49).</summary>
    public int NameBytes { get; init; } = 49;

    /// <summary>UTF-8 length of the top folder.</summary>
    public int FolderBytes { get; init; } = 200;

    /// <summary>Size of one part, unpacked.</summary>
    public long PartBytes { get; init; } = 64L * 1024 * 1024 * 1024;

    /// <summary>Extra field of one entry; the format itself allows no more than 65535.</summary>
    public int ExtraBytes { get; init; } = ushort.MaxValue;

    /// <summary>What may follow the first central directory header: the directory, its end and a comment.</summary>
    public int DirectoryBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>How much larger deflated data may become. Deflate cannot reach more than 1032.</summary>
    public int DeflateRatio { get; init; } = 1032;

    /// <summary>Members of the file-system image, counting the folders their paths imply.</summary>
    public int TarMembers { get; init; } = 100_000;

    /// <summary>UTF-8 length of a member's path, and of a link's target.</summary>
    public int TarPathBytes { get; init; } = 4096;

    /// <summary>Names in a member's path.</summary>
    public int TarDepth { get; init; } = 64;

    /// <summary>One pax header or GNU long name.</summary>
    public int PaxBytes { get; init; } = 64 * 1024;
}
