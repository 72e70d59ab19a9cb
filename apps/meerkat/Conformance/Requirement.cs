namespace Meerkat.Tool.Conformance;

/// <summary>One thing that the specification asks of a device, and how it is tried.</summary>
/// <param name="Section">Of the interoperability specification.</param>
/// <param name="Text">What is asked, one line.</param>
/// <param name="Try">Tries it; what was wrong, or null.</param>
internal sealed record Requirement(string Section, string Text, Func<DeviceOnTrial, Task<string?>> Try)
{
    /// <summary>The scheme of the addresses at which it can be tried: <c>http</c>, <c>ws</c>, <c>tcp</c>; null for all.</summary>
    public string? Scheme { get; init; }

    /// <summary>It writes a file of its own to the device, or begins an update and breaks it off.</summary>
    public bool Writes { get; init; }
}
