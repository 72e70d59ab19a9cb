namespace Meerkat.Core.Bundles;

/// <summary>How firmware says that it is ready: the manifest's <c>ready</c>, which is Meerkat's own.</summary>
public enum ReadyRule
{
    /// <summary>It keeps running for a while.</summary>
    Alive,

    /// <summary>It sends <c>READY=1</c> by systemd's notify protocol.</summary>
    Notify,
}
