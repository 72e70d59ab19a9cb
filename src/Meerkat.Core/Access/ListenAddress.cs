using System.Globalization;
using System.Net;

namespace Meerkat.Core.Access;

/// <summary>
/// <c>http.listen_addr</c> and its like: <c>127.0.0.1:8080</c>, <c>[::1]:8080</c>, and for every address <c>:8080</c> or <c>8080</c>. Where
/// the setting is a channel's, its scheme may stand before it: <c>udp://:1234</c>.
/// </summary>
public abstract record ListenAddress
{
    private ListenAddress()
    {
    }

    /// <param name="Address">None: every address of the device.</param>
    /// <param name="Port">1 to 65535; 0 lets the system choose.</param>
    public sealed record Parsed(IPAddress? Address, int Port) : ListenAddress;

    /// <param name="Reason">What is wrong, for people.</param>
    public sealed record Rejected(string Reason) : ListenAddress;

    /// <param name="text">The setting's value.</param>
    /// <param name="key">The setting, for what is said of a bad one.</param>
    public static ListenAddress Parse(string text, string key = "http.listen_addr")
    {
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        return ParseBare(scheme > 0 && key.StartsWith($"rpc.{text[..scheme]}.", StringComparison.Ordinal) ? text[(scheme + 3)..] : text, key);
    }

    private static ListenAddress ParseBare(string text, string key)
    {
        var colon = text.LastIndexOf(':');
        var host = colon < 0 ? "" : text[..colon];
        if (!ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return Bad(key, text, "the port must be a number from 0 to 65535");
        }
        if (host.Length == 0)
        {
            return new Parsed(null, port);
        }
        var bracketed = host is ['[', .., ']'];
        if (!IPAddress.TryParse(bracketed ? host[1..^1] : host, out var address)
            || bracketed != IsVersion6(address))
        {
            return Bad(key, text, $"\"{host}\" is no address; IPv6 addresses stand in brackets, names are not looked up");
        }
        return new Parsed(address, port);
    }

    /// <summary>By its length; the names of address families belong to sockets, which Core has none of.</summary>
    internal static bool IsVersion6(IPAddress address) => address.GetAddressBytes().Length == 16;

    private static Rejected Bad(string key, string text, string reason) => new(
        $"{key}: expected an address and a port such as 127.0.0.1:8080 or :8080, found \"{text}\" ({reason})");
}
