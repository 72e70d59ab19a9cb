using Meerkat.Core.Settings;

namespace Meerkat.Core.Access;

/// <summary>Who may in, and how that is proved: <c>http.auth_*</c> or <c>rpc.auth_*</c>.</summary>
/// <param name="Realm">Part of every proof: a password file belongs to one realm.</param>
/// <param name="File">The password file, a path in the slot's file system.</param>
/// <param name="Algorithm">The hash.</param>
public sealed record Credentials(string Realm, string File, DigestAlgorithm Algorithm)
{
    /// <summary>For <c>/update*</c>, the page and <c>/metrics</c>; nothing unless domain and file are both set (specification 5.4).</summary>
    public static Credentials? Http(SettingValues values) => Of(values, "http");

    /// <summary>
    /// For calls: <c>rpc.auth_*</c> (specification 7.6), and where those are not set what protects <c>/update</c>, because a call can do
    /// all that <c>/update</c> can.
    /// </summary>
    public static Credentials? Calls(SettingValues values) => Rpc(values) ?? Http(values);

    /// <summary>
    /// What a call needs where no access list is set. Nothing in the original, which would let a device that has passwords be open all
    /// the same. Channels on which nobody can reach the device by its address are open with <c>http.auth_*</c> alone: who is behind
    /// them is known otherwise.
    /// </summary>
    public static RpcRight RightWithoutList(SettingValues values, string channel) =>
        Rpc(values) is not null || (Http(values) is not null && channel is not ("MQTT" or "UART" or "WS_out" or "WSS_out"))
            ? new RpcRight.Users("**")
            : new RpcRight.Anyone();

    private static Credentials? Rpc(SettingValues values) => Of(values, "rpc");

    private static Credentials? Of(SettingValues values, string group)
    {
        var (realm, file) = (values.Text($"{group}.auth_domain"), values.Text($"{group}.auth_file"));
        return realm.Length > 0 && file.Length > 0
            ? new Credentials(realm, file, (DigestAlgorithm)values.WholeNumber($"{group}.auth_algo"))
            : null;
    }
}
