using System.CommandLine;
using System.Text.Json.Nodes;
using Meerkat.Core.Settings;

namespace Meerkat.Tool.Commands;

internal static class ConfigCommand
{
    public static Command Create() => new("config", """
        Read and change a device's settings.

        Examples:
          meerkat config list --port http://192.168.1.50
          meerkat config get update --port http://192.168.1.50
          meerkat config set update.commit_timeout=300 app.target=21.5 --port http://192.168.1.50
        """)
    {
        ConfigListCommand.Create(),
        ConfigGetCommand.Create(),
        ConfigSetCommand.Create(),
        ConfigCheckCommand.Create(),
    };

    /// <summary><c>--level</c>.</summary>
    public static Option<int?> LevelOption(string description, int lowest)
    {
        var level = new Option<int?>("--level") { HelpName = "N", Description = description };
        level.Validators.Add(given =>
        {
            if (given.GetValueOrDefault<int?>() is { } number && (number < lowest || number > ConfigLayer.User))
            {
                given.AddError($"--level takes a number from {lowest} to {ConfigLayer.User}, not {number}.");
            }
        });
        return level;
    }

    /// <summary>The arguments of <c>Config.Get</c>; none when everything in force is wanted.</summary>
    public static JsonObject? Wanted(string? key, int? level)
    {
        var arguments = new JsonObject();
        if (!string.IsNullOrEmpty(key))
        {
            arguments["key"] = key;
        }
        if (level is { } some)
        {
            arguments["level"] = some;
        }
        return arguments.Count > 0 ? arguments : null;
    }
}
