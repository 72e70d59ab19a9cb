namespace Meerkat.Core.Access;

/// <summary><c>open</c> in <c>board.json</c>: what becomes of a device that others can reach and that asks for too little.</summary>
public enum OpenRule
{
    /// <summary>It listens, and says so loudly.</summary>
    Warn,

    /// <summary>It listens and says nothing: what protects it lies elsewhere.</summary>
    Allow,

    /// <summary>It does not listen without credentials.</summary>
    Forbid,

    /// <summary>It does not listen without credentials, nor without TLS.</summary>
    ForbidPlain,
}
