using System.Globalization;

namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>
/// Updates whose programs are killed with SIGKILL, one after the other on one device, each followed by one that nobody disturbs.
/// </summary>
internal sealed class EnduranceRun(EnduranceDevice device, EnduranceOptions options)
{
    private readonly Random chance = new(options.Seed);

    public EnduranceReport Report { get; } = new();

    /// <summary>A device for such a run, with its factory firmware.</summary>
    public static Task<EnduranceDevice> MakeDeviceAsync(string root, Func<string, string> program, EnduranceOptions options) =>
        EnduranceDevice.MakeAsync(
            root, program, FirmwareKind.Good.Firmware("1.0.0"),
            string.Create(CultureInfo.InvariantCulture, $"boot.ready_timeout={options.ReadyTimeoutSeconds}"));

    /// <exception cref="ViolationException">The device broke a promise; the message says in which update, and after which kills.</exception>
    public async Task RunAsync()
    {
        var series = new UpdateSeries(device, Report, chance);
        await series.BeginAsync();
        for (var update = 1; update <= options.Updates; update++)
        {
            var first = KillPlan.Choose(chance, Report);
            var kind = options.KindFor(first.Wanted, chance);
            KillPlan[] kills = chance.Next(5) == 0 ? [first, KillPlan.Again(chance)] : [first];
            var attempt = await series.UpdateAsync(
                kind, kind.Firmware(series.NextVersion()), attempt => new Killer(device, attempt, Report).RunAsync(kills));
            Report.Updates++;
            options.Say($"{update} of {options.Updates}: {attempt.Version} {attempt.Kind}, {string.Join(", then ", attempt.Disturbances)}; now {series.Running.Version} runs");

            await series.UndisturbedAsync();
            Report.Completed++;
        }
    }
}
