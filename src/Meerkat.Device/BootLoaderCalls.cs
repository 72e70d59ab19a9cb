using System.Net.Sockets;
using Meerkat.Boot;
using Meerkat.Boot.Link;
using Meerkat.Core.Boot;
using Meerkat.Core.Protocol;

namespace Meerkat.Device;

/// <summary>Asks the boot loader, one short connection a question. Every fault is an <see cref="RpcException"/> with words for people.</summary>
public sealed class BootLoaderCalls(DeviceRoot device)
{
    public BootStatus Status() => Ask(link => link.Status());

    /// <exception cref="RpcException">Refused with code -1 and the boot loader's text, or it does not answer.</exception>
    public void Commit() => Demand(Ask(link => link.Commit()));

    /// <exception cref="RpcException">Refused with code -1 and the boot loader's text, or it does not answer.</exception>
    public void Revert() => Demand(Ask(link => link.Revert()));

    /// <exception cref="RpcException">Refused with code -1 and the boot loader's text, or it does not answer.</exception>
    public void Activate(ulong sequence, int? commitTimeoutSeconds) => Demand(Ask(link => link.Activate(sequence, commitTimeoutSeconds)));

    /// <summary>Discards a held update, unless the record has moved since that was decided.</summary>
    /// <exception cref="RpcException">Refused with code -1 and the boot loader's text, or it does not answer.</exception>
    public void Discard(ulong sequence) => Demand(Ask(link => link.Revert(sequence)));

    /// <exception cref="RpcException">Refused with code -1 and the boot loader's text, or it does not answer.</exception>
    public void SetState(BootStateChange change) => Demand(Ask(link => link.SetState(change)));

    /// <exception cref="RpcException">Refused with code -1 and the boot loader's text, or it does not answer.</exception>
    public void TellHealth(string problem, bool final) => Demand(Ask(link => link.Health(problem, final)));

    /// <summary>Starts the boot sequence again; everything on the device is stopped, this program too.</summary>
    /// <exception cref="RpcException">Refused with code -1 and the boot loader's text, or it does not answer.</exception>
    public void Restart(bool force) => Demand(Ask(link => link.Restart(force)));

    private T Ask<T>(Func<BootLink, T> question)
    {
        try
        {
            using var link = device.Connect();
            return question(link);
        }
        catch (Exception fault) when (fault is SocketException or IOException)
        {
            throw new RpcException(RpcErrorCode.Internal, $"the boot loader of {device.Path} does not answer: {fault.Message}");
        }
    }

    private static void Demand(LinkReply reply)
    {
        if (reply.Refusal != BootRefusal.None)
        {
            throw new RpcException(RpcErrorCode.Failed, reply.Text);
        }
    }
}
