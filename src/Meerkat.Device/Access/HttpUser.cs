namespace Meerkat.Device.Access;

/// <summary>Who sent a request.</summary>
/// <param name="Name">Nothing when its sender has not proved to be anybody.</param>
/// <param name="Stale">The password was right and the proof had been used, or is too old.</param>
public readonly record struct HttpUser(string? Name, bool Stale);
