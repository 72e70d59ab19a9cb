using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Meerkat.Agent;

/// <summary>
/// What clients may take of the agent, so that its memory is bounded however many there are and whatever they send, or do not read.
/// docs/operating.md, "Limits", tells them; a test does its worst.
/// </summary>
internal static class ClientBounds
{
    /// <summary>More are turned away.</summary>
    public const int Connections = 256;

    /// <summary>An answer longer than this is a large one.</summary>
    public const int LargeAnswerBytes = 32 * 1024;

    /// <summary>Large answers on their way to clients at once; one takes up to 400 KiB until its client has read it.</summary>
    public const int LargeAnswers = 16;

    /// <summary>What was received and not read yet, of each connection; the server itself would take 1 MiB. Two blocks of <see cref="ReceiveBlocks"/>.</summary>
    private const int ReceivedBytes = 64 * 1024;

    /// <summary>What was answered and not sent yet, of each connection.</summary>
    private const int AnsweredBytes = 32 * 1024;

    private const int HeaderBytes = 16 * 1024;

    private static readonly TimeSpan HeaderTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(60);

    public static void Set(KestrelServerLimits limits)
    {
        limits.MaxConcurrentConnections = Connections;
        limits.MaxRequestBufferSize = ReceivedBytes;
        limits.MaxResponseBufferSize = AnsweredBytes;
        limits.MaxRequestHeadersTotalSize = HeaderBytes;
        limits.RequestHeadersTimeout = HeaderTime;
        limits.KeepAliveTimeout = IdleTime;
    }
}
