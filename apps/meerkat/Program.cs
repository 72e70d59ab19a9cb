using System.CommandLine;
using Meerkat.Tool;
using Meerkat.Tool.Commands;

return await ToolRunner.RunAsync(
    new RootCommand("""
        Meerkat: over-the-air updates that do not brick devices.

        A device is named with --port, or once and for all in MEERKAT_PORT (or MOS_PORT). Results go to
        standard output, everything else to standard error. Exit codes: 0 done, 1 error, 2 wrong usage,
        3 the device fell back to its old firmware.

        Examples:
          meerkat update build/fw.zip --port http://192.168.1.50 --commit
          meerkat status --port http://192.168.1.50
          meerkat call Sys.GetInfo --port http://192.168.1.50
        """)
    {
        UpdateCommand.Create(),
        ActivateCommand.Create(),
        CommitCommand.Create(),
        RevertCommand.Create(),
        StatusCommand.Create(),
        WatchCommand.Create(),
        LogCommand.Create(),
        RebootCommand.Create(),
        ConfigCommand.Create(),
        LsCommand.Create(),
        GetCommand.Create(),
        PutCommand.Create(),
        RmCommand.Create(),
        BootStateCommand.Create(),
        SnapshotCommand.Create(),
        CallCommand.Create(),
        BundleCommand.Create(),
        DeviceCommand.Create(),
        PasswdCommand.Create(),
        DoctorCommand.Create(),
        ServeCommand.Create(),
        SimulateCommand.Create(),
        ConformanceCommand.Create(),
    },
    args);
