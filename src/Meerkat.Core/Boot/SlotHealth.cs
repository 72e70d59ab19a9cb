namespace Meerkat.Core.Boot;

/// <summary>Whether a slot can be started: written, trial or committed by the record, image digest right, file system complete.</summary>
public enum SlotHealth
{
    Broken,
    Bootable,
}
