using System.Globalization;
using Meerkat.EndToEnd.Tests.Harness;
using Meerkat.EndToEnd.Tests.Harness.Endurance;

namespace Meerkat.EndToEnd.Tests;

/// <summary>A few updates whose programs are killed at every step; <c>bench/endurance --kill</c> does hundreds.</summary>
public sealed class EnduranceTests(ITestOutputHelper output)
{
    private const int Updates = 10;
    private const string SeedVariable = "MEERKAT_ENDURANCE_SEED";

    [Fact]
    public async Task ProgramsKilledAtAnyStep_SomethingGoodRuns_AndTheNextUpdateIsCompleted()
    {
        var seed = Environment.GetEnvironmentVariable(SeedVariable) is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : Environment.TickCount;
        var folder = Directory.CreateTempSubdirectory("meerkat-").FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        var options = new EnduranceOptions(
            Updates, seed, [FirmwareKind.Good, FirmwareKind.Good, FirmwareKind.Crashes, FirmwareKind.Faults, FirmwareKind.NeverCommitted, FirmwareKind.Reverted])
        {
            ReadyTimeoutSeconds = 60,
            Say = output.WriteLine,
        };
        try
        {
            using var device = await EnduranceRun.MakeDeviceAsync(Path.Combine(folder, "device"), Repository.Program, options);
            var run = new EnduranceRun(device, options);
            try
            {
                await run.RunAsync();
            }
            catch (ViolationException violation)
            {
                Assert.Fail($"{violation.Message}\nThe same choices again: {SeedVariable}={seed} ./test EndToEnd");
            }
            Assert.True(run.Report.Disturbances >= Updates, $"{run.Report.Disturbances} kills");
            Assert.Equal(Updates, run.Report.Completed);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
