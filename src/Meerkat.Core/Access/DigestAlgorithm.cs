namespace Meerkat.Core.Access;

/// <summary>The hash of a digest; the numbers are those of <c>http.auth_algo</c> and <c>rpc.auth_algo</c>.</summary>
public enum DigestAlgorithm
{
    /// <summary>For clients that know nothing better.</summary>
    Md5 = 0,

    /// <summary>What a device asks for unless it is told otherwise.</summary>
    Sha256 = 1,
}
