using Meerkat.Core.Protocol;

namespace Meerkat.Rpc.Streams;

/// <summary>How frames are spoken on a stream.</summary>
public sealed record StreamOptions
{
    /// <summary>A device's end: answers probes, and uses quotes and checksums once the peer has.</summary>
    public static StreamOptions Device(int maxFrameBytes, Action<string> onDropped) =>
        new() { MaxFrameBytes = maxFrameBytes, AnswersProbes = true, OnDropped = onDropped };

    public required int MaxFrameBytes { get; init; }

    public bool AnswersProbes { get; init; }

    /// <summary>Frames between quotes from the first one on; devices before 2018-06 know nothing else.</summary>
    public bool Quotes { get; init; }

    /// <summary>Frames with a checksum from the first one on.</summary>
    public bool Checksum { get; init; }

    /// <summary>Written at once; small microcontrollers have small buffers.</summary>
    public int PieceBytes { get; init; } = int.MaxValue / 2;

    /// <summary>Between two pieces.</summary>
    public TimeSpan Pause { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told of what was dropped and why.</summary>
    public Action<string>? OnDropped { get; init; }

    /// <summary>A caller's end: told of empty lines and answered probes.</summary>
    public Action<StreamItem>? OnProbe { get; init; }
}
