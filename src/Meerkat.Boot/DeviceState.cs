using System.Net.Sockets;
using Meerkat.Boot.Link;

namespace Meerkat.Boot;

/// <summary>What a device does right now, in one word, for scripts that must not disturb an update: <c>meerkat-boot --state ROOT</c>.</summary>
public static class DeviceState
{
    public const string Switch = "--state";

    /// <summary>
    /// <c>absent</c>: no device is made there; <c>stopped</c>: no boot loader runs it; <c>installing</c>, <c>restarting</c>, <c>trial</c>:
    /// an update is on its way; <c>recovery</c>; <c>idle</c>: committed firmware runs; <c>unknown</c>: a boot loader runs and does not say.
    /// </summary>
    public static string Of(string root)
    {
        if (!File.Exists(Path.Combine(root, DeviceRoot.BoardPath)))
        {
            return "absent";
        }
        try
        {
            using var link = BootLink.Connect(root);
            return Of(link.Status());
        }
        catch (SocketException)
        {
            return "stopped";
        }
        catch (IOException)
        {
            return "unknown";
        }
    }

    private static string Of(BootStatus status) => status switch
    {
        { UpdateRunning: true } => "installing",
        { Armed: true } or { Stopping: true } => "restarting",
        { Mode: "trial" } => "trial",
        { Mode: "recovery" } => "recovery",
        _ => "idle",
    };
}
