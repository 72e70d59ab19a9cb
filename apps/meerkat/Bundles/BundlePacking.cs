using System.Collections.Immutable;
using Meerkat.Core.Bundles;
using Meerkat.Device.Bundles;

namespace Meerkat.Tool.Bundles;

/// <summary>Makes a bundle file out of an application and a folder.</summary>
internal static class BundlePacking
{
    /// <summary>Writes <paramref name="target"/> whole or not at all.</summary>
    /// <returns>Why it cannot be made; null when it was.</returns>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static string? Write(BundleRecipe recipe, string app, string? fsFolder, string target, out Manifest? manifest)
    {
        manifest = null;
        if (Complaint(app, fsFolder, target) is { } complaint)
        {
            return complaint;
        }
        var image = fsFolder is null ? null : target + ".fs.part";
        var output = target + ".part";
        try
        {
            var parts = ImmutableArray.Create(new PartRecipe("app", "app", "app", () => File.OpenRead(app)));
            if (image is not null)
            {
                if (PackFolder(fsFolder!, image) is { } refused)
                {
                    return refused;
                }
                parts = parts.Add(new PartRecipe("fs", "fs", "fs.tar", () => File.OpenRead(image)));
            }
            var answer = BundlePlan.Prepare(recipe with { Parts = parts });
            if (answer is BundlePlanning.Refused impossible)
            {
                return impossible.Reason;
            }
            var plan = ((BundlePlanning.Planned)answer).Plan;
            using (var file = File.Create(output))
            {
                plan.WriteTo(file);
            }
            if (BundleScan.Read(output, headOnly: false).Problem is { } problem)
            {
                return problem.Text;
            }
            File.Move(output, target, overwrite: true);
            manifest = plan.Manifest;
            return null;
        }
        finally
        {
            File.Delete(output);
            if (image is not null)
            {
                File.Delete(image);
            }
        }
    }

    private static string? Complaint(string app, string? fsFolder, string target)
    {
        if (Directory.Exists(app))
        {
            return $"'{app}' is a folder; the application must be a file";
        }
        if (!File.Exists(app) || new FileInfo(app).Length == 0)
        {
            return $"the application '{app}' {(File.Exists(app) ? "is empty" : "does not exist")}";
        }
        if (fsFolder is null)
        {
            return null;
        }
        if (!Directory.Exists(fsFolder))
        {
            return $"the folder '{fsFolder}' {(File.Exists(fsFolder) ? "is a file" : "does not exist")}";
        }
        // It would be packed into itself while it grows.
        var inside = Path.GetRelativePath(fsFolder, target);
        return inside != ".." && !inside.StartsWith("../", StringComparison.Ordinal) && !Path.IsPathRooted(inside)
            ? $"the bundle '{target}' lies in the folder that is packed; write it elsewhere"
            : ShippedSettings.Complaint(fsFolder);
    }

    private static string? PackFolder(string folder, string image)
    {
        using var output = File.Create(image);
        return FsImage.Write(folder, output) is FsImage.Refused refused ? refused.Reason : null;
    }
}
