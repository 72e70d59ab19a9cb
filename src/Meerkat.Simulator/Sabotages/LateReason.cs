using Meerkat.Core.Boot;
using Meerkat.Simulator.Medium;
using Meerkat.Storage;

namespace Meerkat.Simulator.Sabotages;

/// <summary>A record that falls back is written without its reason first, and then again with it.</summary>
internal sealed class LateReason(IVolume inner) : VolumeDecorator(inner)
{
    protected override void Writing(IVolumeFile file, string path, ReadOnlySpan<byte> bytes, long offset)
    {
        if (RecordFiles.IsRecord(path) && RecordFiles.Decode(bytes) is { LastOutcome: { } reason } record)
        {
            var before = RecordFiles.Read(Inner, RecordFiles.Other(path))?.LastOutcome;
            if (before != reason)
            {
                base.Writing(file, path, BootRecordCodec.Encode(record with { LastOutcome = before }), offset);
                base.Flushing(file, path);
            }
        }
        base.Writing(file, path, bytes, offset);
    }
}
