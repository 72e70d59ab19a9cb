namespace Meerkat.Core.Bundles;

/// <summary>What is wrong with a bundle. The names from <see cref="TarHeader"/> on are about the file-system image.</summary>
public enum BundleProblemCode
{
    /// <summary>The receiver of the events asked to stop; its own reason says why.</summary>
    Stopped,
    NotAZip,
    Truncated,
    ManifestNotFirst,
    ManifestTooLarge,
    ManifestInvalid,
    Encrypted,
    DataDescriptor,
    Zip64,
    UnsupportedMethod,
    BadExtraField,
    BadName,
    EntryTwice,
    TooManyEntries,
    TooLarge,
    SizeMismatch,
    CrcMismatch,
    DigestMismatch,
    /// <summary>Neither a CRC-32 nor a digest protects the part.</summary>
    Unprotected,
    BadDeflate,
    PartMissing,
    TrailingData,

    TarHeader,
    TarChecksum,
    TarPath,
    TarLink,
    TarKind,
    TarTwice,
    TarTooMany,
    TarTrailingData,

    /// <summary>The health contract in the file system is none.</summary>
    HealthContract,
}
