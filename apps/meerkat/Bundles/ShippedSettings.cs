using Meerkat.Boot;
using Meerkat.Core.Settings;

namespace Meerkat.Tool.Bundles;

/// <summary>Looks at the configuration that a folder would ship, as the device will.</summary>
internal static class ShippedSettings
{
    /// <summary>What a device would leave out of it, a line each; null when all of it counts.</summary>
    /// <param name="folder">Becomes the file system.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static string? Complaint(string folder)
    {
        var schemaFile = Path.Combine(folder, SettingSchema.FileName);
        var schema = !File.Exists(schemaFile) ? SettingSchema.BuiltIn
            : new FileInfo(schemaFile).Length > RunConfiguration.MostSchemaBytes ? SettingSchema.Damaged($"larger than {RunConfiguration.MostSchemaBytes} bytes")
            : SettingSchema.Parse(File.ReadAllBytes(schemaFile));
        var names = Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)!).ToHashSet(StringComparer.Ordinal);
        var layers = ConfigFiles.Choose(names).Layers.Select(file => new ConfigLayer(file.Level, file.Name, Content(Path.Combine(folder, file.Name))));
        var problems = ConfigLayers.Merge(layers, schema).Problems.Where(problem => problem.Kind != ConfigProblemKind.Denied).ToList();
        return problems.Count == 0 ? null : "the device would not take all of the settings:\n" + string.Join('\n', problems.Select(problem => $"  {problem}"));
    }

    private static byte[] Content(string path) => new FileInfo(path).Length <= RunConfiguration.MostBytes
        ? File.ReadAllBytes(path)
        : throw new IOException($"{path} is larger than the {RunConfiguration.MostBytes} bytes that a device reads");
}
