using System.Security.Authentication;

namespace Meerkat.Device.Downloads;

/// <summary>What went wrong on the way to a server, in words that say why.</summary>
internal static class DownloadFault
{
    /// <summary>No byte of an answer was asked for: the server was not reached, or is not who it should be.</summary>
    public static bool IsBeforeTheRequest(HttpRequestException fault) => fault.HttpRequestError is
        HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError
        or HttpRequestError.ProxyTunnelError;

    /// <summary>The outer texts of a failed handshake say only that it failed.</summary>
    public static string Text(Exception fault)
    {
        for (var at = fault; at is not null; at = at.InnerException)
        {
            if (at is AuthenticationException)
            {
                var inner = at.GetBaseException();
                var why = ReferenceEquals(inner, at) ? at.Message : $"{at.Message} {inner.Message}";
                return why.Contains("NotTimeValid", StringComparison.Ordinal)
                    ? $"{why} (the server's certificate has expired or is not valid yet)"
                    : why;
            }
        }
        return fault is HttpRequestException && fault.InnerException is { } cause && !fault.Message.Contains(cause.Message, StringComparison.Ordinal)
            ? $"{fault.Message} {cause.Message}"
            : fault.Message;
    }
}
