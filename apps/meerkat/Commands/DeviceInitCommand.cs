using System.CommandLine;
using System.Text.Json.Nodes;
using Meerkat.Boot.Posix;
using Meerkat.Core.Protocol;
using Meerkat.Core.Settings;
using Meerkat.Core.Values;
using Meerkat.Device.Provisioning;

namespace Meerkat.Tool.Commands;

internal static class DeviceInitCommand
{
    /// <summary>The package makes the first; the second is everywhere, and shared with other services.</summary>
    private static readonly string[] UnprivilegedUsers = ["meerkat", "nobody"];

    public static Command Create()
    {
        var root = new Argument<string>("ROOT") { Description = "The device's directory: new, or empty" };
        var bundle = new Argument<string>("FIRMWARE") { Description = "The factory firmware, a bundle (.zip)" };
        var set = new Option<string[]>("--set")
        {
            Description = "Pin a setting above everything a bundle or a user says: KEY=VALUE; may be repeated",
            HelpName = "KEY=VALUE",
            Arity = ArgumentArity.OneOrMore,
        };
        var user = new Option<string?>("--user")
        {
            Description = "Who the firmware runs as: name, uid, name:group or uid:gid. "
                + $"Default: {string.Join(" or, without such an account, ", UnprivilegedUsers)} when this is run by root, else whoever runs the boot loader",
        };
        var platform = new Option<string>("--platform")
        {
            Description = "The platform the device accepts. Default: the bundle's",
            DefaultValueFactory = _ => "",
        };
        var embedded = new Option<bool>("--embedded-agent")
        {
            Description = "The firmware hosts the agent itself, as an ASP.NET Core application with AddMeerkat() does",
        };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON" };
        var command = new Command("init", """
            Make a factory device in a directory: slot 0 holds the firmware, committed; slot 1 is empty.

            Start it with meerkat-boot.

            Examples:
              meerkat device init /var/lib/meerkat fw.zip
              meerkat device init ./device fw.zip --set http.listen_addr=127.0.0.1:8080 --set boot.settle=5
              meerkat device init /srv/kiosk fw.zip --user kiosk
            """)
        {
            root,
            bundle,
            set,
            user,
            platform,
            embedded,
            json,
        };
        command.SetAction(parsed =>
        {
            var made = parsed.GetRequiredValue(root);
            Run(
                made,
                parsed.GetRequiredValue(bundle),
                Pins(parsed.GetValue(set) ?? []),
                parsed.GetValue(user) ?? (UserId.IsRoot ? UnprivilegedUsers.First(Exists) : ""),
                parsed.GetValue(embedded),
                parsed.GetRequiredValue(platform),
                parsed.GetValue(json));
            return ExitCode.Done;
        });
        return command;
    }

    private static void Run(string root, string bundle, JsonObject pins, string user, bool embedded, string platform, bool json)
    {
        using var file = File.OpenRead(bundle);
        try
        {
            var seal = DeviceProvisioner.Provision(root, file, user, embedded, platform, pins, _ => { });
            if (json)
            {
                Console.Out.WriteLine(RpcJson.ToPretty(new JsonObject
                {
                    ["root"] = Path.GetFullPath(root),
                    ["name"] = seal.Name,
                    ["version"] = seal.Version.Version,
                    ["build_id"] = seal.Version.BuildId,
                    ["platform"] = seal.Platform,
                    ["user"] = user,
                    ["image_sha256"] = seal.Image.ToString(),
                    ["image_size"] = seal.ImageBytes,
                }));
                return;
            }
            Console.Out.WriteLine(
                $"{root}: a device for {seal.Platform} with {seal.Name} {seal.Version} in slot 0 "
                + $"({new ByteSize(seal.ImageBytes)}), firmware user {(user.Length == 0 ? "as the boot loader" : user)}");
            Console.Error.WriteLine($"Start it with: meerkat-boot {root}");
        }
        catch (ProvisioningException fault)
        {
            throw new ToolException(fault.Message);
        }
    }

    private static bool Exists(string user)
    {
        try
        {
            _ = UserId.Resolve(user);
            return true;
        }
        catch (FormatException)
        {
            return user == UnprivilegedUsers[^1];
        }
    }

    private static JsonObject Pins(string[] assignments)
    {
        var pins = new JsonObject();
        foreach (var text in assignments)
        {
            switch (SettingAssignment.Parse(text))
            {
                case SettingAssignment.Parsed pin when ConfigPath.TrySet(pins, pin.Key, pin.Value):
                    break;
                case SettingAssignment.Parsed pin:
                    throw new ToolException($"--set {pin.Key} lies below a value that another --set pins", ExitCode.Usage);
                case SettingAssignment.Rejected rejected:
                    throw new ToolException($"--set {text}: {rejected.Reason}", ExitCode.Usage);
            }
        }
        return pins;
    }
}
