namespace Meerkat.Tool.Doctor;

/// <summary>A program of this machine.</summary>
/// <param name="Name">As <c>meerkat-boot</c>.</param>
/// <param name="Path">Where it was found; empty when it was not.</param>
/// <param name="Version">What it says of itself; empty when it does not run.</param>
internal sealed record InstalledProgram(string Name, string Path, string Version);
