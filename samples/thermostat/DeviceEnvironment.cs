using System.Globalization;

namespace Thermostat;

/// <summary>What the boot loader tells a firmware by environment variables. Started by hand, everything lies in
/// the working directory and there is no slot.</summary>
/// <param name="Slot">0 or 1; null when not started by the boot loader.</param>
/// <param name="Trial">True between the first start of a new firmware and its commit.</param>
/// <param name="FileSystem">The slot's file system, also the working directory.</param>
/// <param name="Data">The application's own directory, which no update touches.</param>
/// <param name="ConfigPath">The merged configuration; null when there is none.</param>
internal sealed record DeviceEnvironment(int? Slot, bool Trial, string FileSystem, string Data, string? ConfigPath)
{
    public static DeviceEnvironment Read()
    {
        var here = Environment.CurrentDirectory;
        return new DeviceEnvironment(
            int.TryParse(Variable("MEERKAT_SLOT"), CultureInfo.InvariantCulture, out var slot) ? slot : null,
            Variable("MEERKAT_TRIAL") == "1",
            Variable("MEERKAT_FS") ?? here,
            Variable("MEERKAT_DATA") ?? here,
            Variable("MEERKAT_CONFIG"));
    }

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
