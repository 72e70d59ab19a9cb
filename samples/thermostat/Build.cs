using System.Reflection;

namespace Thermostat;

/// <summary>What the compiler was told about this build; the image's own word, not the boot loader's.</summary>
internal static class Build
{
    private static readonly Assembly Assembly = typeof(Build).Assembly;

    /// <summary>The version compiled into the image.</summary>
    public static string Version =>
        Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>The name of the behaviour compiled into the image; see <see cref="Misbehaviour"/>.</summary>
    public static string Behaviour =>
        Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(item => item.Key == "Behaviour").Value!;
}
