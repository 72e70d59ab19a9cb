using System.Globalization;
using System.Net;

namespace Meerkat.Core.Access;

/// <summary>
/// Keeps web pages away from the device. A browser inside the network would otherwise lend its reach to every page it shows: a form
/// that posts to the device, or a name of the page's own that is made to point at the device's address.
/// </summary>
public static class PageGuard
{
    /// <summary>
    /// What <c>mos</c> sends when it opens a WebSocket. No browser can: the origin of a page ends without a slash.
    /// </summary>
    private const string StandardClient = "https://api.cesanta.com/";

    /// <summary>Why a request is refused, for people; null when it may pass.</summary>
    /// <param name="request">The headers.</param>
    /// <param name="hostNames"><c>http.host_names</c>: names accepted in Host, parted by commas.</param>
    /// <param name="corsOrigin"><c>http.cors_origin</c>: the one foreign origin that may call; empty for none.</param>
    public static string? Refusal(PageRequest request, string hostNames, string corsOrigin)
    {
        if (request.Host is not [{ Length: > 0 } host])
        {
            return $"expected one Host header, found {request.Host.Length}";
        }
        if (!IsKnownHost(host, hostNames))
        {
            return $"the device is not called \"{host}\"; use its address, or name it in http.host_names";
        }
        if (request.Origin.Length > 1)
        {
            return "expected at most one Origin header";
        }
        if (request.Origin is [var origin])
        {
            if (origin == StandardClient || IsConfigured(origin, corsOrigin))
            {
                return null;
            }
            if (!IsSameOrigin(origin, host))
            {
                return $"the web page {origin} may not call this device; allow it in http.cors_origin";
            }
        }
        if (request is { FromBrowser: true, Origin: [], FetchSite: [] })
        {
            // An image of a foreign page: over plain HTTP a browser says neither where it comes from nor that it is one.
            return "a browser that does not say which page it comes from may not call this device; use curl or meerkat";
        }
        return request.FetchSite.All(site => site is "same-origin" or "none")
            ? null
            : $"a web page of another site may not call this device (Sec-Fetch-Site: {string.Join(", ", request.FetchSite)}); "
                + "to look at it, type its address into a new tab";
    }

    /// <summary>Whether this is the origin that may call across sites; never with nothing configured.</summary>
    public static bool IsConfigured(string origin, string corsOrigin) =>
        corsOrigin.Length > 0 && origin.Equals(corsOrigin.TrimEnd('/'), StringComparison.OrdinalIgnoreCase);

    private static bool IsKnownHost(string host, string hostNames)
    {
        if (!TrySplit(host, out var name))
        {
            return false;
        }
        return name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || IsAddress(name)
            || hostNames.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Contains(name, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Parts <c>name:port</c>; the name of an IPv6 address keeps its brackets.</summary>
    private static bool TrySplit(string host, out string name)
    {
        var end = host.StartsWith('[') ? host.IndexOf(']', StringComparison.Ordinal) + 1 : host.IndexOf(':', StringComparison.Ordinal);
        end = end < 0 ? host.Length : end;
        name = host[..end];
        var port = host.AsSpan(end);
        return name.Length > 0
            && (port.IsEmpty || (port[0] == ':' && ushort.TryParse(port[1..], NumberStyles.None, CultureInfo.InvariantCulture, out _)));
    }

    /// <summary>Only the plain forms: what is read as an address must not be a name that somebody else can register.</summary>
    private static bool IsAddress(string name) => name is ['[', .. var inner, ']']
        ? IPAddress.TryParse(inner, out var six) && ListenAddress.IsVersion6(six)
        : IPAddress.TryParse(name, out var four) && !ListenAddress.IsVersion6(four) && four.ToString() == name;

    private static bool IsSameOrigin(string origin, string host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var page)
        && page.Scheme is "http" or "https"
        && Uri.TryCreate($"{page.Scheme}://{host}", UriKind.Absolute, out var self)
        && page.Authority.Equals(self.Authority, StringComparison.OrdinalIgnoreCase);
}
