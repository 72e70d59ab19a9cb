using System.Globalization;

namespace Thermostat;

/// <summary>A number kept in a file of its own.</summary>
internal static class Counter
{
    /// <summary>Adds one. The file is replaced by rename: a cut leaves the old number or the new one, never half.
    /// A file that holds no number counts as 0. When the file cannot be written, says so and goes on: a full disk
    /// does not stop a thermostat.</summary>
    /// <returns>The new number.</returns>
    public static long Increment(string path)
    {
        var next = Read(path) + 1;
        try
        {
            var replacement = path + ".new";
            File.WriteAllText(replacement, string.Create(CultureInfo.InvariantCulture, $"{next}\n"));
            File.Move(replacement, path, overwrite: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"thermostat: {path}: {fault.Message}");
        }
        return next;
    }

    private static long Read(string path)
    {
        try
        {
            return long.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture,
                out var number) && number < long.MaxValue ? number : 0;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
