using Meerkat.Core.Protocol;

namespace Meerkat.Device.Updates;

/// <summary>The way to a commit by command: the application that hosts the agent may find that its firmware is not well.</summary>
public sealed class CommitGuard(BootLoaderCalls boot)
{
    /// <summary>What speaks against a commit, in words; empty when nothing does. None where no application hosts the agent.</summary>
    public Func<CancellationToken, Task<string>>? Application { get; set; }

    /// <exception cref="RpcException">-1: the application or the boot loader refuses.</exception>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        if (Application is { } check && boot.Status() is { Committed: false, Armed: false }
            && await check(cancellationToken).ConfigureAwait(false) is { Length: > 0 } problem)
        {
            throw new RpcException(RpcErrorCode.Failed, $"the firmware is not well, so it is not committed: {problem}");
        }
        boot.Commit();
    }
}
