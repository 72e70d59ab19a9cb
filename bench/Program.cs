using System.CommandLine;
using Meerkat.Bench;
using Meerkat.Bench.PowerCut;

var root = new RootCommand("""
    Measures Meerkat on this machine, with the native programs that ./build makes. docs/performance.md tells what was found.

    Examples:
      bench/install
      bench/boot --json
      bench/endurance -n 1000
      bench/powercut --quick
      bench/endurance --kill
      bench/transports
    """)
{
    InstallBench.Command(),
    BootBench.Command(),
    EnduranceBench.Command(),
    PowerCutBench.Command(),
    TransportBench.Command(),
};
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (BenchException fault)
{
    Console.Error.WriteLine($"Error: {fault.Message}");
    return 1;
}
