using Meerkat.Core.Bundles;
using Meerkat.Core.Health;

namespace Meerkat.Tool.Bundles;

/// <summary>Reads a whole bundle, the file-system image in it included, and remembers what it found.</summary>
internal sealed class BundleScan : IBundleSink
{
    private readonly bool headOnly;
    private readonly BundleLimits limits;
    private TarReader? image;

    private BundleScan(bool headOnly, BundleLimits limits)
    {
        this.headOnly = headOnly;
        this.limits = limits;
    }

    public BundleHead? Head { get; private set; }
    public List<CompletedPart> Parts { get; } = [];
    public FsContents? FileSystem { get; private set; }
    public BundleProblem? Problem { get; private set; }

    /// <param name="headOnly">Stop behind the manifest.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static BundleScan Read(string path, bool headOnly)
    {
        const int ChunkBytes = 256 * 1024;
        var scan = new BundleScan(headOnly, BundleLimits.Default);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        using var reader = new BundleReader(scan, scan.limits, file.CanSeek ? file.Length : null);
        var buffer = new byte[ChunkBytes];
        BundleProblem? problem = null;
        for (int read; problem is null && (read = file.Read(buffer)) > 0;)
        {
            problem = reader.Push(buffer.AsSpan(0, read));
        }
        problem ??= reader.Complete();
        // Stopped is our own doing: the image was refused, or enough was read.
        scan.Problem ??= problem is { Code: BundleProblemCode.Stopped } && scan.Head is not null ? null : problem;
        return scan;
    }

    bool IBundleSink.Manifest(BundleHead head)
    {
        Head = head;
        return !headOnly;
    }

    PartChoice IBundleSink.PartBegin(BundlePart part)
    {
        // File systems of microcontrollers are images of their own kinds; a host's is a tar.
        var isTar = HostParts.Of(Head!.Manifest) is HostParts.Found { Fs: { } fs } && fs.Name == part.Name
            && (fs.Src!.EndsWith(".tar", StringComparison.Ordinal)
                || Head.Manifest.Platform.StartsWith("linux-", StringComparison.OrdinalIgnoreCase));
        if (isTar)
        {
            FileSystem = new FsContents();
            image = new TarReader(FileSystem, limits);
        }
        return PartChoice.Take;
    }

    bool IBundleSink.PartData(ReadOnlySpan<byte> data) => image is null || (Problem = image.Push(data)) is null;

    bool IBundleSink.PartEnd(CompletedPart part)
    {
        Problem = image?.Complete();
        if (Problem is null && image is not null && FileSystem?.Health is HealthReading.Damaged damaged)
        {
            Problem = new BundleProblem(BundleProblemCode.HealthContract, damaged.Problem, 0, HealthContract.FileName);
        }
        image = null;
        Parts.Add(part);
        return Problem is null;
    }

    void IBundleSink.End()
    {
    }
}
