using Meerkat.Core.Boot;
using Meerkat.Simulator.Medium;
using Meerkat.Storage;

namespace Meerkat.Simulator.Sabotages;

/// <summary>The record that charges an attempt is written after the firmware was started, or never.</summary>
internal sealed class LateAttempt(bool ever) : Sabotage
{
    private Held? held;

    public override IVolume Storage(IVolume medium) => held = new Held(medium);

    public override void FirmwareStarted()
    {
        if (ever)
        {
            held!.Pay();
        }
    }

    private sealed class Held(IVolume inner) : VolumeDecorator(inner)
    {
        private (string Path, byte[] Bytes)? owed;

        public void Pay()
        {
            if (owed is var (path, bytes))
            {
                owed = null;
                RecordFiles.Write(Inner, path, bytes);
            }
        }

        protected override void Writing(IVolumeFile file, string path, ReadOnlySpan<byte> bytes, long offset)
        {
            if (RecordFiles.IsRecord(path) && RecordFiles.Decode(bytes) is { Committed: false } record
                && record[record.Active].State == SlotState.Trial)
            {
                owed = (path, bytes.ToArray());
                return;
            }
            owed = null;
            base.Writing(file, path, bytes, offset);
        }
    }
}
