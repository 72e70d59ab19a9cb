using System.Text.Json.Nodes;

namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>How a firmware behaves in its trial.</summary>
internal enum FirmwareKind
{
    Good,

    /// <summary>Exits with code 7.</summary>
    Crashes,

    /// <summary>Ends itself with SIGSEGV.</summary>
    Faults,

    /// <summary>Is to say that it is ready, and never does.</summary>
    Hangs,

    /// <summary>Runs well, and nobody commits it.</summary>
    NeverCommitted,

    /// <summary>Runs well, and is reverted.</summary>
    Reverted,

    /// <summary>Takes all the space that there is, and goes on. Only for a small disk.</summary>
    FillsTheDisk,
}

/// <summary>Firmware of each kind: an image of some size and a file system of the same names in every version.</summary>
internal static class FirmwareKinds
{
    /// <summary>The last file of the file system, behind all others in the bundle.</summary>
    public const string LastFile = "zz/last.bin";

    /// <summary>What a firmware fills the disk with.</summary>
    public const string Filler = "filler";

    private const int ImageBallast = 160_000;
    private const int FileBallast = 60_000;

    /// <summary>Whether the trial ends without a commit, by itself or by a revert.</summary>
    public static bool FallsBack(this FirmwareKind kind) => kind != FirmwareKind.Good;

    /// <summary>Seconds until the trial ends without a commit.</summary>
    public static int CommitTimeout(this FirmwareKind kind) => kind is FirmwareKind.NeverCommitted or FirmwareKind.FillsTheDisk ? 1 : 600;

    /// <summary>The reason that the device is to give when nobody disturbs it; empty for a good one.</summary>
    public static string Reason(this FirmwareKind kind) => kind switch
    {
        FirmwareKind.Good => "",
        FirmwareKind.Crashes => "exited",
        FirmwareKind.Faults => "signaled",
        FirmwareKind.Hangs => "not_ready",
        FirmwareKind.NeverCommitted or FirmwareKind.FillsTheDisk => "no_commit",
        FirmwareKind.Reverted => "reverted",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    public static TestFirmware Firmware(this FirmwareKind kind, string version)
    {
        var ends = kind switch
        {
            FirmwareKind.Crashes => "sleep 0.2; exit 7",
            FirmwareKind.Faults => "sleep 0.2; kill -SEGV $$",
            FirmwareKind.FillsTheDisk => $"cat /dev/zero >{Filler} 2>/dev/null; {TestFirmware.Stay}",
            _ => TestFirmware.Stay,
        };
        return new TestFirmware(version, $"{ends}\n#" + new string('x', ImageBallast))
        {
            Files = new Dictionary<string, string>
            {
                ["conf0.json"] = """{"app": {"target": 20, "name": "shipped"}}""",
                ["version.txt"] = version,
                ["page/index.html"] = $"<h1>{version}</h1>",
                [LastFile] = version + new string('z', FileBallast),
            },
            Manifest = kind == FirmwareKind.Hangs ? new JsonObject { ["ready"] = "notify" } : [],
        };
    }
}
