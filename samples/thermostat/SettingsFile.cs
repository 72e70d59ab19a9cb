using System.Text.Json;

namespace Thermostat;

/// <summary>The configuration file, small enough to be read whenever it is asked for. It is replaced by rename, so
/// what is read is whole; a file that cannot be read leaves the settings as they were.</summary>
internal sealed class SettingsFile(string? path)
{
    private readonly Lock gate = new();
    private Settings settings = Settings.Defaults;
    private string? complaint;

    public Settings Current()
    {
        lock (gate)
        {
            if (path is null)
            {
                return settings;
            }
            try
            {
                settings = Settings.Parse(File.ReadAllBytes(path));
                complaint = null;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
            {
                ComplainOnce($"thermostat: {path}: {fault.Message} Keeping the settings in force.");
            }
            return settings;
        }
    }

    private void ComplainOnce(string text)
    {
        if (complaint != text)
        {
            Console.Error.WriteLine(text);
            complaint = text;
        }
    }
}
