using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Meerkat.Agent;

/// <summary>
/// What is still coming after its answer. A connection closed on a sender in the middle of its file shows it a broken pipe instead of
/// the answer.
/// </summary>
internal static class UnreadBody
{
    private const long MostDroppedBytes = 1L << 30;
    private static readonly TimeSpan MostDropTime = TimeSpan.FromSeconds(30);

    /// <summary>Reads it and drops it, within bounds.</summary>
    public static async Task DropAsync(HttpContext context, TimeProvider time, CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(MostDropTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, context.RequestAborted, stopping);
        var body = context.Request.BodyReader;
        try
        {
            for (long dropped = 0; dropped < MostDroppedBytes;)
            {
                var read = await body.ReadAsync(either.Token);
                dropped += read.Buffer.Length;
                body.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException)
        {
            // The sender has its answer and went away, or sends more than anybody should.
        }
    }

    /// <summary>No limit on the size, and no least rate: whoever reads it has bounds of its own.</summary>
    public static void Unbound(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }
}
