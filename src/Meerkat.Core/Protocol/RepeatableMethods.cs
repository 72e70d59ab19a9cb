namespace Meerkat.Core.Protocol;

/// <summary>
/// Which calls may reach a device twice without doing anything twice: a datagram that got no answer is sent again only for these, and a
/// broker that delivers twice does no harm with them.
/// </summary>
public static class RepeatableMethods
{
    private static readonly string[] Whole = ["OTA.Status", "OTA.Write", "RPC.List", "RPC.Describe", "RPC.Ping"];

    /// <summary>Second words of methods that only read: <c>Config.Get</c>, <c>FS.ListExt</c>, <c>OTA.GetBootState</c>.</summary>
    private static readonly string[] Reading = ["Get", "List", "Read", "Schema"];

    /// <param name="method">The name, in any case.</param>
    public static bool Has(string method)
    {
        if (Whole.Contains(method, StringComparer.OrdinalIgnoreCase))
        {
            return true;
        }
        var word = method.AsSpan(method.LastIndexOf('.') + 1);
        foreach (var verb in Reading)
        {
            if (word.StartsWith(verb, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }
        return false;
    }
}
