namespace Meerkat.Core.Bundles;

/// <summary>
/// Receives what a <see cref="TarReader"/> finds, in the order of the archive. Folders of a path may be implied: no
/// <see cref="Folder"/> call precedes the files below them. A false ends the reading with
/// <see cref="BundleProblemCode.Stopped"/>; the receiver keeps its own reason.
/// </summary>
public interface ITarSink
{
    /// <summary>A folder. May come again, and may come after files below it.</summary>
    bool Folder(TarMember member);

    bool FileBegin(TarMember member, long sizeBytes);

    /// <summary>Some of the bytes of the file begun last. The span is valid only during the call.</summary>
    bool FileData(ReadOnlySpan<byte> data);

    bool FileEnd();

    /// <param name="target">Relative; <c>..</c> only at its beginning, and never above the root.</param>
    bool SymbolicLink(TarMember member, string target);

    /// <summary>A member with a name that is the user's (<see cref="UserSettingsFile"/>); never taken from a bundle.</summary>
    bool Skipped(string path);

    void End();
}
