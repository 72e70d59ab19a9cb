using System.Globalization;
using Meerkat.EndToEnd.Tests.Harness;
using Meerkat.EndToEnd.Tests.Harness.Endurance;

namespace Meerkat.EndToEnd.Tests;

/// <summary>A few updates on file systems that fail in the middle of them; <c>bench/endurance --hostile</c> does more.</summary>
public sealed class HostileDiskTests(ITestOutputHelper output)
{
    private const int Updates = 3;
    private const string SeedVariable = "MEERKAT_ENDURANCE_SEED";

    public static TheoryData<string> Troubles => [.. Enum.GetNames<DiskTrouble>()];

    [Theory]
    [MemberData(nameof(Troubles))]
    public async Task MediumThatFails_SomethingGoodRuns_AndTheNextUpdateIsCompleted(string trouble)
    {
        var seed = Environment.GetEnvironmentVariable(SeedVariable) is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : Environment.TickCount;
        var (mounted, problem) = HostileDisk.Mount(Enum.Parse<DiskTrouble>(trouble));
        Assert.SkipWhen(mounted is null, problem);
        using var disk = mounted!;
        var options = new EnduranceOptions(Updates, seed, HostileRun.Kinds)
        {
            ReadyTimeoutSeconds = 60,
            Say = output.WriteLine,
        };
        using var device = await HostileRun.MakeDeviceAsync(disk, Repository.Program, options);
        var report = new EnduranceReport();
        var run = new HostileRun(device, disk, options, report);
        try
        {
            await run.RunAsync();
        }
        catch (ViolationException violation)
        {
            Assert.Fail($"{violation.Message}\nThe same choices again: {SeedVariable}={seed} ./test EndToEnd");
        }
        foreach (var refusal in run.Refusals)
        {
            output.WriteLine($"refused: {refusal}");
        }
        Assert.Equal(Updates, report.Completed);
    }
}
