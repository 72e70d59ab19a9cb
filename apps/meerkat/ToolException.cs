using Meerkat.Core.Protocol;

namespace Meerkat.Tool;

/// <summary>Ends the command with one line <c>Error: …</c> that says what to do, and an exit code.</summary>
internal sealed class ToolException(string message, int exitCode = ExitCode.Error) : Exception(message)
{
    public int ExitCode { get; } = exitCode;

    /// <summary>The device's own words, where it was the device that refused.</summary>
    public RpcError? Remote { get; init; }

    /// <summary>The device does not have the method that was called.</summary>
    public bool IsUnknownMethod => Remote is { } error && MeansUnknownMethod(error);

    /// <summary>What a device answered to a call, in the words of other clients of this protocol.</summary>
    public static string InWords(string method, RpcError error) => error.Code == (int)RpcErrorCode.Unauthenticated
        ? $"{method}: remote error {error.Code}: the device wants the name of a user it knows, and the right password (--user)"
        : $"{method}: remote error {error.Code}: {error.Message ?? "no message"}";

    public static ToolException Of(string method, RpcError error) =>
        new(MeansUnknownMethod(error) ? $"this device has no {method}" : InWords(method, error)) { Remote = error };

    private static bool MeansUnknownMethod(RpcError error) =>
        error is { Code: (int)RpcErrorCode.NotFound, Message: { } text } && text.StartsWith("No handler", StringComparison.OrdinalIgnoreCase);
}
