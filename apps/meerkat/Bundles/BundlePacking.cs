using System.Collections.Immutable;
using Meerkat.Core.Bundles;
using Meerkat.Device.Bundles;
using Meerkat.Tool.Files;

namespace Meerkat.Tool.Bundles;

/// <summary>Makes a bundle file out of an application and a folder.</summary>
internal static class BundlePacking
{
    /// <summary>Writes <paramref name="target"/> whole or not at all.</summary>
    /// <param name="attributes">What the manifest's entry is to carry besides, made when the manifest stands: signatures and the like.</param>
    /// <exception cref="ToolException">It cannot be made.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static async Task<Manifest> WriteAsync(
        BundleRecipe recipe,
        string app,
        string? fsFolder,
        string target,
        Func<ReadOnlyMemory<byte>, Task<ImmutableSortedDictionary<string, string>>> attributes,
        CancellationToken cancellationToken)
    {
        Refuse(Complaint(app, fsFolder, target));
        await using var output = LocalFile.Create(target);
        var image = fsFolder is null ? null : $"{output.Temporary ?? Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())}.fs";
        try
        {
            var parts = ImmutableArray.Create(new PartRecipe("app", "app", "app", () => File.OpenRead(app)));
            if (image is not null)
            {
                Refuse(PackFolder(fsFolder!, image));
                parts = parts.Add(new PartRecipe("fs", "fs", "fs.tar", () => File.OpenRead(image)));
            }
            var answer = BundlePlan.Prepare(recipe with { Parts = parts });
            Refuse((answer as BundlePlanning.Refused)?.Reason);
            var plan = ((BundlePlanning.Planned)answer).Plan;
            var carried = await attributes(plan.ManifestBytes);
            try
            {
                plan.WriteTo(output.Stream, carried);
            }
            catch (InvalidDataException fault)
            {
                throw new ToolException(fault.Message);
            }
            if (output.Temporary is not null)
            {
                Refuse(BundleScan.Read(output.Temporary, headOnly: false).Problem?.Text);
            }
            await output.KeepAsync(cancellationToken);
            return plan.Manifest;
        }
        finally
        {
            if (image is not null)
            {
                File.Delete(image);
            }
        }
    }

    private static void Refuse(string? reason)
    {
        if (reason is not null)
        {
            throw new ToolException(reason);
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
