namespace Meerkat.Core.Boot;

/// <summary>How a firmware shows that it is ready.</summary>
public enum ReadyMode
{
    /// <summary>By having run for <c>boot.ready_after</c>.</summary>
    Alive,

    /// <summary>By <c>READY=1</c> on the systemd notify protocol within <c>boot.ready_timeout</c>.</summary>
    Notify,
}
