namespace Meerkat.Device.Downloads;

/// <summary>Where an answer sends the device.</summary>
internal abstract record Redirect
{
    private Redirect()
    {
    }

    public sealed record To(Uri Address) : Redirect;

    /// <param name="Reason">Why it is not followed.</param>
    public sealed record Refused(string Reason) : Redirect;

    /// <summary>None when the answer is no redirect. Never from https to http, and never to anything but these two.</summary>
    public static Redirect? Of(Uri from, HttpResponseMessage response)
    {
        if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308))
        {
            return null;
        }
        // Read as it was written: as a parsed value, an address that begins with two slashes would be a file.
        var location = response.Headers.NonValidated.TryGetValues("Location", out var values) ? values.ToString() : "";
        return location.Length == 0 ? new Refused("a redirect without Location")
            : !Uri.TryCreate(from, location, out var next) || !next.IsAbsoluteUri ? new Refused("a redirect to what is no address")
            : next.Scheme is not ("http" or "https") ? new Refused($"a redirect to {next.Scheme}, neither http nor https")
            : from.Scheme == "https" && next.Scheme != "https" ? new Refused("a redirect from https to http")
            : new To(next);
    }
}
