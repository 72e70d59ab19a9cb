using System.Collections.Immutable;
using Meerkat.Core.Values;

namespace Meerkat.Core.Bundles;

/// <summary><c>manifest.json</c> of a bundle (specification 1.3), checked.</summary>
/// <param name="Name">What the firmware is called; empty when the manifest does not say.</param>
/// <param name="Platform">What it runs on; compared exactly, ignoring case.</param>
/// <param name="Version">At most <see cref="MaxVersionBytes"/> bytes of UTF-8 without control characters.</param>
/// <param name="BuildId">At most <see cref="MaxBuildIdBytes"/> bytes of UTF-8 without control characters.</param>
/// <param name="BuildTimestamp">As written; no decision depends on it.</param>
/// <param name="Ready">How the firmware says that it is ready; overrides the board's <c>ready</c>.</param>
/// <param name="Parts">Parts by name, in the order of their names.</param>
/// <param name="Attributes">Every other top-level member as raw JSON text.</param>
public sealed record Manifest(
    string Name,
    string Platform,
    string Version,
    string BuildId,
    string? BuildTimestamp,
    string? Description,
    ReadyRule? Ready,
    ImmutableSortedDictionary<string, ManifestPart> Parts,
    ImmutableSortedDictionary<string, string> Attributes)
{
    /// <summary>What a boot record holds.</summary>
    public const int MaxVersionBytes = 64;

    /// <summary>What a boot record holds.</summary>
    public const int MaxBuildIdBytes = 128;

    public const int MaxNameBytes = 128;
    public const int MaxPlatformBytes = 64;

    public FirmwareVersion Firmware => new(Version, BuildId);

    /// <summary>A part with a file but without a digest: nothing that is said about the manifest says anything about it.</summary>
    public ManifestPart? Uncovered => Parts.Values.FirstOrDefault(part => part is { Src: not null, CsSha1: null, CsSha256: null });

    public bool RunsOn(string platform) => Platform.Equals(platform, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a manifest. Numbers may be quoted and hexadecimal, as devices accept them (specification 1.4).</summary>
    public static ManifestParse Parse(ReadOnlySpan<byte> utf8, BundleLimits? limits = null) =>
        new ManifestParser(limits ?? BundleLimits.Default).Parse(utf8);
}
