using System.Collections.Immutable;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Simulator.Machine;

/// <summary>
/// What the world knows of a device without asking it: what it was given, what it answered, what was done to it. The device is held
/// against this. Replaced whole, so that a cut can take a copy of the moment.
/// </summary>
internal sealed record Truth
{
    /// <summary>The release that was committed last.</summary>
    public required Release Good { get; init; }

    public required SlotId GoodSlot { get; init; }

    /// <summary>The file system of the good slot.</summary>
    public required FileTree Files { get; init; }

    /// <summary>While a change of the running slot's files is under way they may also be any of these.</summary>
    public ImmutableArray<FileTree> FilesOr { get; init; } = [];

    /// <summary>The release that an update brings; none: there is no update.</summary>
    public Release? Candidate { get; init; }

    /// <summary>The file system of the candidate, once its firmware was started.</summary>
    public FileTree? CandidateFiles { get; init; }

    public Stage Stage { get; init; }

    /// <summary>How often the candidate was started on trial.</summary>
    public int Starts { get; init; }

    /// <summary>How often it may be.</summary>
    public int Attempts { get; init; } = 1;

    /// <summary>How often the power or the boot loader went since the candidate was armed.</summary>
    public int Cuts { get; init; }

    /// <summary>Why the trial ends, in the order in which it became true; the device may tell any of them.</summary>
    public ImmutableArray<OutcomeCode> Reasons { get; init; } = [];

    /// <summary>What the device has told of why it last fell back.</summary>
    public BootOutcome? Told { get; init; }

    /// <summary>The storage fails or is full: trials may be given up for it.</summary>
    public bool StorageFails { get; init; }

    public SlotId CandidateSlot => GoodSlot.Other;

    /// <summary>The same for truths of which the same must follow.</summary>
    public (int, SlotId, UInt128, UInt128, int, UInt128, Stage, int, int, string, string) Key => (
        Good.Number,
        GoodSlot,
        Files.Fingerprint,
        FilesOr.Aggregate((UInt128)0, (sum, tree) => unchecked((sum * 31) + tree.Fingerprint)),
        Candidate?.Number ?? 0,
        CandidateFiles?.Fingerprint ?? 0,
        Stage,
        Starts,
        Cuts,
        string.Join(',', Reasons),
        Told is null ? "" : Told.ToString());

    /// <summary>The release's files as the next trial must find them, for each state in which the old ones may be.</summary>
    public IEnumerable<FileTree> Merged() => EachFiles().Select(files => files.MergedInto(Candidate!.Shipped));

    /// <summary>The states in which the good slot's files may be; one, unless a change is under way.</summary>
    public IEnumerable<FileTree> EachFiles() => FilesOr.IsEmpty ? [Files] : FilesOr.Prepend(Files);

    /// <summary>The candidate was committed, and is what counts.</summary>
    public Truth Committed() => this with
    {
        Good = Candidate!,
        GoodSlot = CandidateSlot,
        Files = CandidateFiles!,
        FilesOr = [],
        Candidate = null,
        CandidateFiles = null,
        Stage = Stage.None,
        Starts = 0,
        Cuts = 0,
        Reasons = [],
    };

    /// <summary>The candidate is gone.</summary>
    public Truth Gone(BootOutcome? told) => this with
    {
        Candidate = null,
        CandidateFiles = null,
        Stage = Stage.None,
        Starts = 0,
        Cuts = 0,
        Reasons = [],
        Told = told,
    };
}
