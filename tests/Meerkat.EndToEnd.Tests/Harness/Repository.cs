using System.Reflection;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>Where things lie.</summary>
internal static class Repository
{
    public static string Root { get; } = typeof(Repository).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepoRoot").Value!;

    public static string Program(string name) => Path.Combine(Root, "bin", name, name);

    /// <summary>A bundle of the sample firmware, made by <c>samples/build</c>.</summary>
    public static string Sample(string name)
    {
        var path = Path.Combine(Root, "samples/thermostat/build", name + ".zip");
        Assert.True(File.Exists(path), $"{path} is not there; run samples/build (./test does)");
        return path;
    }
}
