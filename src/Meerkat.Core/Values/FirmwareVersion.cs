namespace Meerkat.Core.Values;

/// <summary>What a manifest calls the firmware: <c>version</c> and <c>build_id</c>. Two are the same only when both are.</summary>
public readonly record struct FirmwareVersion(string Version, string BuildId)
{
    public static readonly FirmwareVersion None = new("", "");

    public override string ToString() => Version;
}
