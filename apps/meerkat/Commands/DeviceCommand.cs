using System.CommandLine;

namespace Meerkat.Tool.Commands;

internal static class DeviceCommand
{
    public static Command Create() => new(
        "device",
        """
        Make devices on this machine.

        Examples:
          meerkat device init /var/lib/meerkat fw.zip
          meerkat-boot /var/lib/meerkat
        """)
    {
        DeviceInitCommand.Create(),
    };
}
