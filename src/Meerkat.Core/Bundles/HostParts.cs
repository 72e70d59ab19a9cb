namespace Meerkat.Core.Bundles;

/// <summary>The parts a host board installs: <c>app</c>, and <c>fs</c> (a tar) where there is one.</summary>
public abstract record HostParts
{
    private const string ReservedPart = "agent";

    private HostParts()
    {
    }

    public sealed record Found(ManifestPart App, ManifestPart? Fs) : HostParts;

    /// <param name="Reason">What is missing or ambiguous, for people.</param>
    public sealed record Rejected(string Reason) : HostParts;

    /// <summary>Finds the parts by name, else by type; refuses a manifest a host board cannot install.</summary>
    public static HostParts Of(Manifest manifest)
    {
        if (manifest.Parts.ContainsKey(ReservedPart))
        {
            return new Rejected($"the part name '{ReservedPart}' is reserved");
        }
        if (Pick(manifest, "app", out var app) is { } appProblem)
        {
            return new Rejected(appProblem);
        }
        if (app is null)
        {
            return new Rejected("the bundle has no part 'app'");
        }
        return Pick(manifest, "fs", out var fs) is { } fsProblem ? new Rejected(fsProblem) : new Found(app, fs);
    }

    private static string? Pick(Manifest manifest, string role, out ManifestPart? part)
    {
        if (!manifest.Parts.TryGetValue(role, out part))
        {
            var typed = manifest.Parts.Values.Where(p => p.Type == role).ToArray();
            if (typed.Length > 1)
            {
                return $"the parts '{typed[0].Name}' and '{typed[1].Name}' are both of type '{role}'";
            }
            part = typed.FirstOrDefault();
        }
        return part is { Src: null } ? $"part '{part.Name}' has no 'src'" : null;
    }
}
