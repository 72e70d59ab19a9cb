using System.Collections.Immutable;
using Meerkat.Core.Values;

namespace Meerkat.Core.Updates;

/// <summary>What the admission of a bundle depends on, besides the bundle.</summary>
public sealed record AdmissionFacts
{
    public required string Platform { get; init; }

    /// <summary>What runs; none in recovery.</summary>
    public required FirmwareVersion Running { get; init; }

    public required bool IgnoreSameVersion { get; init; }

    /// <summary>The bundles that failed their trials on this device.</summary>
    public required ImmutableArray<FailedBundle> FailedBundles { get; init; }

    /// <summary>The caller wants a bundle tried that failed too often.</summary>
    public required bool Force { get; init; }

    /// <summary><c>update.min_version</c>; empty: no floor.</summary>
    public required string MinVersion { get; init; }

    /// <summary><c>update.key0</c> to <c>update.key7</c>: Base64 of a DER SubjectPublicKeyInfo, or empty.</summary>
    public required ImmutableArray<string> Keys { get; init; }

    /// <summary><c>update.sig_req_mask</c>: negative: none; 0: no update is accepted; else the signatures that must hold.</summary>
    public required int RequiredSignatures { get; init; }

    /// <summary>Free space now.</summary>
    public required long FreeBytes { get; init; }

    /// <summary>What emptying the target frees.</summary>
    public required long TargetBytes { get; init; }

    /// <summary>Size of the running slot's file system.</summary>
    public required long OldFilesBytes { get; init; }

    public required long ReserveBytes { get; init; }
}
