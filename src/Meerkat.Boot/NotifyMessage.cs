namespace Meerkat.Boot;

/// <summary>What a program can say that matters here (sd_notify(3)).</summary>
[Flags]
internal enum NotifyMessage
{
    None = 0,

    /// <summary><c>READY=1</c></summary>
    Ready = 1,

    /// <summary><c>WATCHDOG=1</c></summary>
    Ping = 2,
}
