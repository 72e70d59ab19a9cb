using Meerkat.Core.Settings;

namespace Meerkat.Core.Access;

/// <summary>What an access list wants of whoever makes a call.</summary>
public abstract record RpcRight
{
    private RpcRight()
    {
    }

    /// <summary>No user is needed.</summary>
    public sealed record Anyone : RpcRight;

    /// <summary>No user may.</summary>
    public sealed record Nobody : RpcRight;

    /// <param name="List">The users, as in <see cref="ConfigAcl"/>.</param>
    public sealed record Users(string List) : RpcRight
    {
        /// <summary>Whether this one may.</summary>
        public bool Allow(string user) => ConfigAcl.Allows(List, user);
    }
}
