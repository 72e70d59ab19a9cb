using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Meerkat.Device.Telemetry;

/// <summary>What the system says of this program, under the names that Prometheus has for it.</summary>
internal static class ProcessMeters
{
    public static void AddTo(Meter meter)
    {
        meter.CreateObservableGauge("process_resident_memory_bytes", () => (double)Environment.WorkingSet, null, "Resident memory of the agent");
        meter.CreateObservableGauge("process_resident_memory_max_bytes", PeakBytes, null, "The most resident memory the agent ever had");
        meter.CreateObservableCounter("process_cpu_seconds_total", () => Environment.CpuUsage.TotalTime.TotalSeconds, null, "Time the agent computed");
        meter.CreateObservableGauge("process_open_fds", () => (double)Directory.GetFileSystemEntries("/proc/self/fd").Length, null, "Open file descriptors of the agent");
        meter.CreateObservableGauge("process_start_time_seconds", StartTime, null, "When the agent was started, by the device's clock");
    }

    private static double PeakBytes() => File.ReadLines("/proc/self/status")
        .Where(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
        .Select(line => 1024 * double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture))
        .FirstOrDefault();

    private static double StartTime()
    {
        using var self = Process.GetCurrentProcess();
        return new DateTimeOffset(self.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000.0;
    }
}
