namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>The device did something that it promises never to do.</summary>
internal sealed class ViolationException(string message) : Exception(message);
