using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>How much the agent says, by <c>debug.level</c>.</summary>
public sealed class LogLevelTests
{
    private const string Agent = "meerkat-agent: ";
    private const string Listens = " listens on ";
    private const string Request = "Request starting";

    [Theory]
    [InlineData(-1, false, false)]
    [InlineData(1, false, false)]
    [InlineData(2, true, false)]
    [InlineData(3, true, true)]
    public async Task Level_DecidesWhatIsSaid(int level, bool happenings, bool requests)
    {
        await using var device = await DeviceUnderTest.StartAsync($"debug.level={level}");
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
        await device.StopAsync();

        var said = device.Log.Split('\n').Where(line => line.StartsWith(Agent, StringComparison.Ordinal)).ToList();
        Assert.Equal(happenings, said.Exists(line => line.Contains(Listens, StringComparison.Ordinal)));
        Assert.Equal(happenings, said.Exists(line => line.Contains("update: 1 Update applied", StringComparison.Ordinal)));
        Assert.Equal(requests, said.Exists(line => line.Contains(Request, StringComparison.Ordinal)));
        Assert.Equal(level >= 2, said.Count > 0);
    }
}
