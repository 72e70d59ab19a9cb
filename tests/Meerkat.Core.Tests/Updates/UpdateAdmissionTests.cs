using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Meerkat.Core.Bundles;
using Meerkat.Core.Updates;
using Meerkat.Core.Values;

namespace Meerkat.Core.Tests.Updates;

public sealed class UpdateAdmissionTests
{
    private const long Megabyte = 1_000_000;

    private static readonly AdmissionFacts Roomy = new()
    {
        Platform = "linux-x64",
        Running = new FirmwareVersion("1.0.0", "a"),
        IgnoreSameVersion = false,
        FailedBundles = [],
        Force = false,
        MinVersion = "",
        Keys = [.. Enumerable.Repeat("", 8)],
        RequiredSignatures = -1,
        FreeBytes = 100 * Megabyte,
        TargetBytes = 0,
        OldFilesBytes = 0,
        ReserveBytes = Megabyte,
    };

    private static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly string Zeros = new('0', 64);

    private static readonly AdmissionFacts Strict = Roomy with
    {
        RequiredSignatures = 1,
        Keys = [Convert.ToBase64String(Key.ExportSubjectPublicKeyInfo())],
    };

    /// <summary>The bundle, the device, and the answer.</summary>
    private static readonly Dictionary<string, (BundleHead Head, AdmissionFacts Facts, string Expected)> Rows = new()
    {
        ["all is well"] = (Head(), Roomy, "go"),
        ["platform in other case"] = (Head(platform: "Linux-X64"), Roomy, "go"),
        ["wrong platform"] = (Head(platform: "esp32"), Roomy, "Wrong platform: this device is linux-x64, the bundle is for esp32"),
        ["same version, to be skipped"] = (Head("1.0.0", "a"), Roomy with { IgnoreSameVersion = true }, "same"),
        ["same version, not to be skipped"] = (Head("1.0.0", "a"), Roomy, "go"),
        ["same version of another build"] = (Head("1.0.0", "b"), Roomy with { IgnoreSameVersion = true }, "go"),
        ["same version in recovery"] = (Head("1.0.0", "a"), Roomy with { IgnoreSameVersion = true, Running = FirmwareVersion.None }, "go"),
        ["at the floor"] = (Head("1.2"), Roomy with { MinVersion = "1.2.0" }, "go"),
        ["a build of the floor"] = (Head("1.2+fix"), Roomy with { MinVersion = "1.2" }, "go"),
        ["below the floor"] = (Head("1.1.9"), Roomy with { MinVersion = "1.2" },
            "version 1.1.9 is below 1.2, the lowest that update.min_version lets in"),
        ["before the floor"] = (Head("1.2-rc1"), Roomy with { MinVersion = "1.2" },
            "version 1.2-rc1 is below 1.2, the lowest that update.min_version lets in"),
        ["failed once"] = (Head(), Roomy with { FailedBundles = [Failed(Head(), 1)] }, "go"),
        ["failed twice"] = (Head(), Roomy with { FailedBundles = [Failed(Head("3"), 5), Failed(Head(), 2)] },
            "version 2.0.0 failed its trial on this device 2 times, the last time because: firmware exited; "
            + "it is not tried again unless it is forced (meerkat update --force, or force=true before the file)"),
        ["failed once, and the power did four times"] =
            (Head(), Roomy with { FailedBundles = [Failed(Head(), 1) with { PowerLosses = 4 }] }, "go"),
        ["lost to the power five times"] = (Head(), Roomy with { FailedBundles = [Failed(Head(), 1) with { PowerLosses = 5 }] },
            "version 2.0.0 lost 5 trials on this device to the power, or restarted the machine itself; "
            + "it is not tried again unless it is forced (meerkat update --force, or force=true before the file)"),
        ["failed twice and is forced"] = (Head(), Roomy with { FailedBundles = [Failed(Head(), 2)], Force = true }, "go"),
        ["another build of what failed"] = (Head(build: "y"), Roomy with { FailedBundles = [Failed(Head(), 2)] }, "go"),
        ["failed, forced and below the floor"] = (Head(), Roomy with { FailedBundles = [Failed(Head(), 2)], Force = true, MinVersion = "3" },
            "version 2.0.0 is below 3, the lowest that update.min_version lets in"),
        ["not signed"] = (Head(), Roomy with { RequiredSignatures = 1 }, "Invalid signature: update.key0 is not set"),
        ["locked"] = (Head(), Roomy with { RequiredSignatures = 0 }, "update.sig_req_mask is 0: this device accepts no update"),
        ["signatures are asked for before anything else"] = (Head(platform: "esp32"), Roomy with { RequiredSignatures = 1 },
            "Invalid signature: update.key0 is not set"),
        ["signed, and the part by its digest"] = (Signed(Head(parts: $$$"""{"app": {"src": "a", "cs_sha256": "{{{Zeros}}}"}}""")), Strict, "go"),
        ["signed, and nothing binds the part"] = (Signed(Head()), Strict,
            "Invalid signature: it does not cover part 'app', of which the manifest has no digest"),
        ["the platform is asked for before the version"] = (Head("1.0.0", "a", "esp32"), Roomy with { IgnoreSameVersion = true },
            "Wrong platform: this device is linux-x64, the bundle is for esp32"),
        ["the same version below the floor is skipped"] =
            (Head("1.0.0", "a"), Roomy with { IgnoreSameVersion = true, MinVersion = "2" }, "same"),
        ["no application"] = (Head(parts: """{"fs": {"type": "fs", "src": "fs.tar"}}"""), Roomy, "the bundle has no part 'app'"),
        ["reserved part"] = (Head(parts: """{"agent": {"src": "a"}, "app": {"src": "b"}}"""), Roomy, "the part name 'agent' is reserved"),
        ["just fits"] = (Sized(60, 39), Roomy, "go"),
        ["does not fit"] = (Sized(100, 41), Roomy,
            "not enough space: the update needs 42 MB more (142 MB in all, 100 MB available)"),
        ["41 MB more"] = (Sized(100, 40), Roomy,
            "not enough space: the update needs 41 MB more (141 MB in all, 100 MB available)"),
        ["one byte more"] = (Sized(60, 39), Roomy with { FreeBytes = (100 * Megabyte) - 1 },
            "not enough space: the update needs 1 B more (100 MB in all, 100 MB available)"),
        ["fits once the target is empty"] = (Sized(100, 40), Roomy with { TargetBytes = 41 * Megabyte }, "go"),
        ["the old files need the room"] = (Sized(60, 10), Roomy with { OldFilesBytes = 50 * Megabyte },
            "not enough space: the update needs 11 MB more (111 MB in all, 100 MB available)"),
        ["the old files fit where the new ones do"] = (Sized(60, 39), Roomy with { OldFilesBytes = 39 * Megabyte }, "go"),
        ["sizes that nobody declared"] =
            (Head(parts: """{"app": {"src": "a"}, "fs": {"src": "fs.tar"}}"""), Roomy with { FreeBytes = Megabyte }, "go"),
        ["the largest parts there can be"] = (
            Head(parts: $$$"""{"app": {"src": "a", "size": {{{BundleLimits.Default.PartBytes}}}}, "fs": {"src": "f", "size": {{{BundleLimits.Default.PartBytes}}}}}"""),
            Roomy,
            "not enough space: the update needs 137.3 GB more (137.4 GB in all, 100 MB available)"),
    };

    public static TheoryData<string> Names => [.. Rows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Bundle_IsAdmittedOrRefusedWithWhatIsWrong(string name) => Assert.Equal(
        Rows[name].Expected,
        UpdateAdmission.Of(Rows[name].Head, Rows[name].Facts) switch
        {
            UpdateAdmission.Go => "go",
            UpdateAdmission.Same => "same",
            UpdateAdmission.Refused refused => refused.Text,
            _ => throw new System.Diagnostics.UnreachableException(),
        });

    private static BundleHead Signed(BundleHead head) => head with
    {
        Attributes = head.Attributes.Add("sig0", Convert.ToBase64String(
            Key.SignData(head.ManifestBytes.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence))),
    };

    private static FailedBundle Failed(BundleHead head, int times) =>
        new(BundleMark.Of(head.ManifestBytes.Span).ToString(), times, "firmware exited");

    private static BundleHead Sized(long app, long fs) => Head(parts:
        $$$"""{"app": {"src": "a", "size": {{{app * Megabyte}}}}, "fs": {"src": "f", "size": {{{fs * Megabyte}}}}}""");

    private static BundleHead Head(
        string version = "2.0.0", string build = "z", string platform = "linux-x64", string parts = """{"app": {"src": "a", "size": 5}}""")
    {
        var text = Encoding.UTF8.GetBytes(
            $$$"""{"name": "t", "platform": "{{{platform}}}", "version": "{{{version}}}", "build_id": "{{{build}}}", "parts": {{{parts}}}}""");
        var manifest = Assert.IsType<ManifestParse.Parsed>(Manifest.Parse(text)).Manifest;
        return new BundleHead(manifest, text, ImmutableSortedDictionary<string, string>.Empty);
    }
}
