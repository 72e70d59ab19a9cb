using Meerkat.Core.Boot;
using Meerkat.Core.Bundles;
using Meerkat.Core.Signing;
using Meerkat.Core.Values;

namespace Meerkat.Core.Updates;

/// <summary>Whether a manifest may be installed, decided before anything is written.</summary>
public abstract record UpdateAdmission
{
    private UpdateAdmission()
    {
    }

    /// <summary>Bit n: signature n of the bundle holds under key n of the device, whether it is required or not.</summary>
    public int Signatures { get; init; }

    public sealed record Go : UpdateAdmission;

    /// <summary>Version and build id run already, and the caller wants that skipped.</summary>
    public sealed record Same : UpdateAdmission;

    /// <param name="Text">What was expected, what was found.</param>
    public sealed record Refused(string Text) : UpdateAdmission;

    /// <summary>The order is that of the specification, section 1.6, with signatures first.</summary>
    public static UpdateAdmission Of(BundleHead head, AdmissionFacts facts)
    {
        var check = SignatureCheck.Of(head.ManifestBytes.Span, head.Attributes, facts.Keys, facts.RequiredSignatures);
        var weighed = check is SignatureCheck.Rejected rejected ? new Refused(rejected.Text) : OfSigned(head, facts);
        return weighed with { Signatures = check.Mask };
    }

    private static UpdateAdmission OfSigned(BundleHead head, AdmissionFacts facts)
    {
        var manifest = head.Manifest;
        if (facts.RequiredSignatures > 0 && manifest.Uncovered is { } uncovered)
        {
            return new Refused($"Invalid signature: it does not cover part '{uncovered.Name}', of which the manifest has no digest");
        }
        if (!manifest.RunsOn(facts.Platform))
        {
            return new Refused($"Wrong platform: this device is {facts.Platform}, the bundle is for {manifest.Platform}");
        }
        if (facts.IgnoreSameVersion && manifest.Firmware == facts.Running)
        {
            return new Same();
        }
        if (facts.MinVersion.Length > 0 && VersionOrder.Compare(manifest.Version, facts.MinVersion) < 0)
        {
            return new Refused(
                $"version {manifest.Version} is below {facts.MinVersion}, the lowest that update.min_version lets in");
        }
        if (!facts.Force && FailedTooOften(head, facts) is { } failed)
        {
            var why = failed.Failures >= FailedTrials.MostFailures
                ? FormattableString.Invariant($"failed its trial on this device {failed.Failures} times, the last time because: {failed.Last}")
                : FormattableString.Invariant($"lost {failed.PowerLosses} trials on this device to the power, or restarted the machine itself");
            return new Refused($"version {manifest.Version} {why}; "
                + "it is not tried again unless it is forced (meerkat update --force, or force=true before the file)");
        }
        return HostParts.Of(manifest) switch
        {
            HostParts.Rejected parts => new Refused(parts.Reason),
            HostParts.Found parts => Space(parts, facts),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    private static FailedBundle? FailedTooOften(BundleHead head, AdmissionFacts facts)
    {
        var mark = BundleMark.Of(head.ManifestBytes.Span).ToString();
        return facts.FailedBundles.FirstOrDefault(known => known.Bundle == mark
            && (known.Failures >= FailedTrials.MostFailures || known.PowerLosses >= FailedTrials.MostPowerLosses));
    }

    /// <summary>
    /// The image and the larger of both file systems must fit, because the merge makes the union of the two. A part whose
    /// size nobody declared is not counted: then the medium itself says when it is full.
    /// </summary>
    private static UpdateAdmission Space(HostParts.Found parts, AdmissionFacts facts)
    {
        var needed = (parts.App.Size ?? 0) + Math.Max(parts.Fs?.Size ?? 0, facts.OldFilesBytes) + facts.ReserveBytes;
        var available = facts.FreeBytes + facts.TargetBytes;
        return needed <= available
            ? new Go()
            : new Refused(
                $"not enough space: the update needs {new ByteSize(needed - available)} more "
                + $"({new ByteSize(needed)} in all, {new ByteSize(available)} available)");
    }
}
