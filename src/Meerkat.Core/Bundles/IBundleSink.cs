namespace Meerkat.Core.Bundles;

/// <summary>
/// Receives what a <see cref="BundleReader"/> finds, in this order: the manifest; for each part its begin, its data and
/// its end; the end of the bundle. A false (or <see cref="PartChoice.Stop"/>) ends the reading there with
/// <see cref="BundleProblemCode.Stopped"/>; the receiver keeps its own reason. An exception passes through
/// <see cref="BundleReader.Push"/>, after which the reader refuses everything.
/// </summary>
public interface IBundleSink
{
    bool Manifest(BundleHead head);

    PartChoice PartBegin(BundlePart part);

    /// <summary>Some of the bytes of the part begun last. The span is valid only during the call.</summary>
    bool PartData(ReadOnlySpan<byte> data);

    /// <summary>The part is complete: size, CRC-32 and digest are what header and manifest say.</summary>
    bool PartEnd(CompletedPart part);

    /// <summary>Every part of the manifest was there.</summary>
    void End();
}
