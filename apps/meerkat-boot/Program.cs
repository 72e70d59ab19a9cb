using Meerkat.Boot;
using Meerkat.Boot.Posix;

const int misused = 2;

switch (args)
{
    case [ExecLauncher.Switch, .. { Length: >= 5 } words]:
        return ExecLauncher.Run(words);
    case [LifeGuard.Switch, var life]:
        return LifeGuard.Run(life);
    case [DeviceState.Switch, var root]:
        Console.WriteLine(DeviceState.Of(root));
        return 0;
    case ["--version"]:
        Console.WriteLine(typeof(Supervisor).Assembly.GetName().Version?.ToString(3));
        return 0;
    case [{ Length: > 0 } root] when root[0] != '-':
        return BootLoader.Run(root);
    default:
        var help = args is ["--help"] or ["-h"];
        (help ? Console.Out : Console.Error).WriteLine(
            """
            meerkat-boot - starts a device: decides which slot runs, and keeps watch over it

            Usage:
              meerkat-boot ROOT        run the device in the directory ROOT until SIGTERM
              meerkat-boot --state ROOT
                                       say in one word what the device does: absent, stopped, recovery, idle, installing,
                                       restarting, trial, or unknown
              meerkat-boot --version

            Make a device first:       meerkat device init ROOT FIRMWARE.zip
            Example:                   meerkat-boot /var/lib/meerkat

            Exit codes: 0 ended by SIGTERM or SIGINT, 1 the device cannot be started (the reason is printed), 2 wrong usage.
            """);
        return help ? 0 : misused;
}
