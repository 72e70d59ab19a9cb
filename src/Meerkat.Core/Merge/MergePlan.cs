using System.Collections.Immutable;

namespace Meerkat.Core.Merge;

/// <summary>All that a merge will do, in order: a directory comes before what lies in it.</summary>
/// <param name="Steps">What is copied.</param>
/// <param name="Shadowed">Old paths that the new file system has no room for: a clash of kinds, or below a new file or link.</param>
/// <param name="Skipped">Sockets, FIFOs and devices, which are never copied.</param>
public sealed record MergePlan(
    ImmutableArray<MergeStep> Steps, ImmutableArray<string> Shadowed, ImmutableArray<string> Skipped)
{
    /// <summary>Bytes of file contents that the merge will write.</summary>
    public long Bytes => Steps.Sum(step => step.Bytes);
}
