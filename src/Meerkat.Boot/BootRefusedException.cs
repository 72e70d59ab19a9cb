namespace Meerkat.Boot;

/// <summary>The boot loader must not go on: what is wrong and what to do, for people.</summary>
public sealed class BootRefusedException(string message) : Exception(message);
