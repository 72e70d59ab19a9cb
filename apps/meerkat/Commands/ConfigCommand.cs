using System.CommandLine;

namespace Meerkat.Tool.Commands;

internal static class ConfigCommand
{
    public static Command Create() => new("config", """
        Read and change a device's settings.

        Examples:
          meerkat config get update --port http://192.168.1.50
          meerkat config set update.commit_timeout=300 app.target=21.5 --port http://192.168.1.50
        """)
    {
        ConfigGetCommand.Create(),
        ConfigSetCommand.Create(),
    };
}
