using Meerkat.Core.Values;

namespace Meerkat.Storage;

/// <summary>
/// What stands on a complete slot: written last by an installation, marked at the commit. With both copies of the boot
/// record unreadable, the seals alone decide what runs.
/// </summary>
/// <param name="Name">The manifest's <c>name</c>; may be empty.</param>
/// <param name="Platform">The manifest's <c>platform</c>.</param>
/// <param name="Version">The manifest's version and build id.</param>
/// <param name="Image">SHA-256 of the image file.</param>
/// <param name="ImageBytes">Its length.</param>
/// <param name="CommitCount">0 until the slot is committed; then how many commits the device had seen.</param>
public sealed record Seal(
    string Name, string Platform, FirmwareVersion Version, Digest Image, long ImageBytes, uint CommitCount);
