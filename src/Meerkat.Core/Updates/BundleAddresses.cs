using System.Collections.Immutable;

namespace Meerkat.Core.Updates;

/// <summary>Where a bundle may be fetched from: one address, or several in the order in which they are tried.</summary>
public abstract record BundleAddresses
{
    private BundleAddresses()
    {
    }

    /// <param name="Addresses">http or https; none when nothing was named.</param>
    public sealed record Found(ImmutableArray<Uri> Addresses) : BundleAddresses;

    /// <param name="Reason">What is wrong with the text, to stand after its name.</param>
    public sealed record Rejected(string Reason) : BundleAddresses;

    /// <summary>Addresses are parted by white space, which none can contain; a comma may well be part of one.</summary>
    public static BundleAddresses Parse(string text)
    {
        var addresses = ImmutableArray.CreateBuilder<Uri>();
        foreach (var word in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Uri.TryCreate(word, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            {
                return new Rejected($"must begin with http:// or https://, found \"{word}\"");
            }
            addresses.Add(address);
        }
        return new Found(addresses.ToImmutable());
    }

    /// <summary>An address as it may be shown and logged: without a user's name, a password, or a query, which may be a secret too.</summary>
    public static string Shown(Uri address) => address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
}
