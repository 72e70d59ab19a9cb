using System.Text.Json.Nodes;
using Meerkat.Core.Tests;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

public sealed class RpcPageTests
{
    [Fact]
    public async Task RpcPage_ListsWhatADeviceOffers()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var names = (await device.CallAsync("RPC.List")).Result!.AsArray().Select(name => (string)name!).Order(StringComparer.Ordinal);
        var rows = new List<string[]>();
        foreach (var name in names)
        {
            var described = (await device.CallAsync("RPC.Describe", new JsonObject { ["name"] = name }.ToJsonString())).Result!;
            var arguments = (string?)described["args_fmt"] ?? "";
            rows.Add([$"`{name}`", arguments.Length == 0 ? "" : $"`{arguments}`"]);
        }
        GeneratedDoc.Matches("docs/rpc.md", "methods", GeneratedDoc.Table(["method", "arguments"], rows));
    }
}
