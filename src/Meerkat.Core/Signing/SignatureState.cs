namespace Meerkat.Core.Signing;

/// <summary>What is known of one place of a bundle under one key.</summary>
public enum SignatureState
{
    /// <summary>There is no signature in this place.</summary>
    Missing,

    /// <summary>There is no key for this place; the signature, if there is one, says nothing.</summary>
    NoKey,

    /// <summary>The key that is set is none on P-256.</summary>
    BadKey,

    /// <summary>What stands in this place is no signature.</summary>
    Malformed,

    /// <summary>It was made with another key, or over another manifest.</summary>
    Wrong,

    Holds,
}
