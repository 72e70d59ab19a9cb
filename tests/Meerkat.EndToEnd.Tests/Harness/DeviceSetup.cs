using System.Text.Json.Nodes;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>How a device under test is made.</summary>
internal sealed record DeviceSetup
{
    public Firmware Factory { get; init; } = new("1.0.0");

    /// <summary>Pinned settings besides the short times that every test has.</summary>
    public IReadOnlyDictionary<string, JsonNode> Pins { get; init; } = new Dictionary<string, JsonNode>();

    /// <summary>Pin the address to listen on. Otherwise the factory firmware's <c>conf0.json</c> has it.</summary>
    public bool PinAddress { get; init; } = true;

    /// <summary>Where the device's directory is made; a new one below the system's temporary directory unless told.</summary>
    public string? Place { get; init; }

    /// <summary>Folder of the programs; the build's own unless told.</summary>
    public string? Programs { get; init; }
}
