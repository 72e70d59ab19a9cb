using Meerkat.Agent;
using Meerkat.Boot.Posix;

const int misused = 2;

switch (args)
{
    case [ExecLauncher.Switch, .. { Length: >= 5 } words]:
        return ExecLauncher.Run(words);
    case ["--version"]:
        Console.WriteLine(typeof(AgentProgram).Assembly.GetName().Version?.ToString(3));
        return 0;
    case [{ Length: > 0 } root] when root[0] != '-':
        return await AgentProgram.RunAsync(root, new AgentLog(), TraceExport.Begin);
    default:
        var help = args is ["--help"] or ["-h"];
        (help ? Console.Out : Console.Error).WriteLine(
            """
            meerkat-agent - a device's face to the network: updates, commit and revert, settings, files

            Usage:
              meerkat-agent ROOT         serve the device in the directory ROOT; meerkat-boot starts this
              meerkat-agent --version

            Example:                     meerkat-boot /var/lib/meerkat

            Exit codes: 0 ended by SIGTERM or SIGINT, 1 no device or no boot loader there (the reason is printed), 2 wrong usage,
            78 the configuration does not allow to listen.
            """);
        return help ? 0 : misused;
}
