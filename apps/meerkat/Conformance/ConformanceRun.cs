using System.Text.Json;
using Meerkat.Rpc;

namespace Meerkat.Tool.Conformance;

/// <summary>Tries every requirement, one after the other.</summary>
internal static class ConformanceRun
{
    /// <param name="device">The device.</param>
    /// <param name="readOnly">Leave out what writes.</param>
    /// <param name="onFound">Told of each finding.</param>
    /// <param name="cancellationToken">Between two requirements.</param>
    public static async Task<IReadOnlyList<ConformanceFinding>> RunAsync(
        DeviceOnTrial device, bool readOnly, Action<ConformanceFinding> onFound, CancellationToken cancellationToken)
    {
        var findings = new List<ConformanceFinding>();
        foreach (var requirement in Requirements.All)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var finding = await TryAsync(device, requirement, readOnly);
            findings.Add(finding);
            onFound(finding);
        }
        return findings;
    }

    private static async Task<ConformanceFinding> TryAsync(DeviceOnTrial device, Requirement requirement, bool readOnly)
    {
        if (requirement.Scheme is { } scheme && scheme != (device.IsHttp ? "http" : device.Address.Rpc.Scheme))
        {
            return new ConformanceFinding(requirement, FindingResult.Skipped, $"give a {scheme}:// address for it");
        }
        if (requirement.Writes && readOnly)
        {
            return new ConformanceFinding(requirement, FindingResult.Skipped, "it writes");
        }
        try
        {
            var problem = await requirement.Try(device);
            return new ConformanceFinding(requirement, problem is null ? FindingResult.Passed : FindingResult.Failed, problem ?? "");
        }
        catch (NotTriedException reason)
        {
            return new ConformanceFinding(requirement, FindingResult.Skipped, reason.Message);
        }
        catch (RpcTransportException fault) when (fault.NotReached)
        {
            throw;
        }
        catch (Exception fault) when (fault is RpcTransportException or HttpRequestException or IOException or JsonException
            or OperationCanceledException or InvalidOperationException or FormatException)
        {
            return new ConformanceFinding(requirement, FindingResult.Failed, fault.Message);
        }
    }
}
