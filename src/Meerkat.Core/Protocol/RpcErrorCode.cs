namespace Meerkat.Core.Protocol;

/// <summary>
/// Numbers of the <c>code</c> member of an error. They are part of the wire format: never changed, never reused.
/// Those of the specification (section 7) come first; numbers of our own start at 1000, a block of a hundred for each area.
/// </summary>
public enum RpcErrorCode
{
    /// <summary>The operation failed or was refused; the message says why. What OTA, Config and others use for "no".</summary>
    Failed = -1,

    /// <summary>An error with code 0 is a success (older firmware answers OTA.Update so). We read it and never write it.</summary>
    None = 0,

    /// <summary>A missing or wrong argument.</summary>
    BadRequest = 400,

    /// <summary>Credentials are needed.</summary>
    Unauthenticated = 401,

    /// <summary>The user is known and may not do this.</summary>
    Forbidden = 403,

    /// <summary>No such method, key or name.</summary>
    NotFound = 404,

    /// <summary>Not in this state: another update runs, nothing is in trial, the running firmware is not committed.</summary>
    Conflict = 409,

    /// <summary>The device is about to restart.</summary>
    ShuttingDown = 418,

    /// <summary>Too many calls are waiting.</summary>
    TooManyRequests = 429,

    /// <summary>A fault of the device: disk, network, or a bug.</summary>
    Internal = 500,

    /// <summary>This build or board cannot do it.</summary>
    NotImplemented = 501,
}
