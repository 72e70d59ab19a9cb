using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Thermostat;

/// <summary>The text form of an address to listen on: <c>ADDRESS:PORT</c>, or <c>:PORT</c> for all addresses.</summary>
internal static class ListenAddress
{
    public static bool TryParse(string text, [NotNullWhen(true)] out IPEndPoint? endPoint)
    {
        endPoint = null;
        var colon = text.LastIndexOf(':');
        // IPEndPoint.TryParse would take a bare number for an IPv4 address.
        if (colon < 0
            || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return false;
        }
        if (colon == 0)
        {
            endPoint = new IPEndPoint(IPAddress.Any, port);
            return true;
        }
        return IPEndPoint.TryParse(text, out endPoint);
    }
}
