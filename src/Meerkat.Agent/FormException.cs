namespace Meerkat.Agent;

/// <summary>A form that says something that cannot be done; the message tells its sender.</summary>
internal sealed class FormException(string message) : Exception(message);
