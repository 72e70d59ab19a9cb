using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary><c>meerkat conformance</c> against our own device, and against what is none.</summary>
public sealed class ConformanceTests
{
    [Theory]
    [InlineData("http")]
    [InlineData("ws")]
    [InlineData("tcp")]
    [InlineData("unix")]
    public async Task Device_HoldsEveryRequirement(string scheme)
    {
        var port = DeviceUnderTest.FreePort();
        await using var device = await DeviceUnderTest.StartAsync($"rpc.tcp.listen_addr=tcp://127.0.0.1:{port}");
        await Eventually.HoldsAsync("its channels are open", () =>
            device.Log.Contains("calls by TCP: answering", StringComparison.Ordinal)
            && device.Log.Contains("calls on the device: answering", StringComparison.Ordinal));
        var address = scheme switch
        {
            "http" => device.Url,
            "ws" => $"ws://{device.Address}",
            "tcp" => $"tcp://127.0.0.1:{port}",
            _ => device.Root,
        };
        var run = await CommandRun.MeerkatAsync("conformance", "--json", "--port", address);
        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        var findings = JsonNode.Parse(run.Output)!.AsArray();
        Assert.All(findings, finding => Assert.NotEqual("failed", (string?)finding!["result"]));
        Assert.True(findings.Count(finding => (string?)finding!["result"] == "passed") >= 40, run.Output);
        Assert.False(File.Exists(device.PathOf("slots/0/fs/meerkat-conformance.tmp")));
    }

    [Fact]
    public async Task WhatIsNoDevice_Fails()
    {
        await using var site = await FolderSite.StartAsync(Directory.CreateTempSubdirectory("meerkat-").FullName);
        var run = await CommandRun.MeerkatAsync("conformance", "--port", site.Url, "--timeout", "2s");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("failed", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NobodyThere_IsAnError()
    {
        var run = await CommandRun.MeerkatAsync("conformance", "--port", $"http://127.0.0.1:{DeviceUnderTest.FreePort()}");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("cannot reach", run.Error, StringComparison.Ordinal);
    }
}
