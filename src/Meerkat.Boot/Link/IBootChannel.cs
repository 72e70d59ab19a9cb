namespace Meerkat.Boot.Link;

/// <summary>A connection to the boot loader: a request, an answer.</summary>
public interface IBootChannel : IDisposable
{
    /// <exception cref="IOException">The boot loader is gone.</exception>
    LinkReply Ask(LinkRequest request);
}
