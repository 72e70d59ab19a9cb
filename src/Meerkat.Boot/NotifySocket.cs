using System.Net.Sockets;
using System.Text;
using Meerkat.Boot.Posix;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>The receiving end of systemd's notify protocol (sd_notify(3)), one for each start of a program.</summary>
internal sealed class NotifySocket : IDisposable
{
    private const int LongestMessage = 4096;
    public const string Folder = "run";
    private const string Prefix = "notify-";
    private const string Suffix = ".sock";

    private readonly Socket socket = NewSocket();
    private readonly Action<NotifyMessage> received;
    private int pending;

    /// <param name="volume">The device's root.</param>
    /// <param name="root">Its absolute path.</param>
    /// <param name="name">Relative path of the socket.</param>
    /// <param name="user">Who may send to it.</param>
    /// <param name="received">Takes what was said; must call <see cref="Taken"/> when it has been dealt with.</param>
    public NotifySocket(IVolume volume, string root, string name, UserId user, Action<NotifyMessage> received)
    {
        this.received = received;
        try
        {
            Path = System.IO.Path.Combine(root, name);
            volume.RemoveIfThere(name);
            socket.Bind(new UnixDomainSocketEndPoint(Path));
            File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            volume.SetAttributes(name, volume.Find(name)!.Value.Attributes with { User = user.User, Group = user.Group });
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or SocketException)
        {
            // A read-only or full medium: a name that needs none (unix(7), abstract sockets).
            socket.Dispose();
            socket = NewSocket();
            Path = $"@meerkat/{Environment.ProcessId}/{name}";
            socket.Bind(new UnixDomainSocketEndPoint("\0" + Path[1..]));
        }
        new Thread(Receive) { IsBackground = true, Name = "notify " + name }.Start();
    }

    public string Path { get; }

    /// <summary>Where they lie, for a boot loader that numbers its starts.</summary>
    public static string NameOf(int start) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Folder}/{Prefix}{start}{Suffix}");

    /// <summary>Whether a name in <c>run/</c> is of the kind that <see cref="NameOf"/> gives.</summary>
    public static bool IsName(string name) => name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Suffix, StringComparison.Ordinal);

    /// <summary>Removes the names that a boot loader left which was killed: the next one may never come to their numbers.</summary>
    public static void RemoveLeftovers(IVolume volume)
    {
        try
        {
            var left = volume.List(Folder).Where(entry => entry.Kind == EntryKind.Special && IsName(entry.Name));
            foreach (var entry in left)
            {
                volume.Remove($"{Folder}/{entry.Name}");
            }
        }
        catch (StorageException)
        {
            // A read-only medium, or none of it: names that stay take nothing but a line in a directory.
        }
    }

    /// <summary>Lets the next message of this kind through. Until then more of the same are one: nobody can flood the boot loader.</summary>
    public void Taken(NotifyMessage message) => Interlocked.And(ref pending, ~(int)message);

    public void Dispose()
    {
        socket.Dispose();
        try
        {
            File.Delete(Path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // A name that stays on a read-only medium is no reason to stop supervising.
        }
    }

    private static Socket NewSocket() => new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    private void Receive()
    {
        var buffer = new byte[LongestMessage];
        try
        {
            while (true)
            {
                var length = socket.Receive(buffer);
                foreach (var line in Encoding.UTF8.GetString(buffer, 0, length).Split('\n'))
                {
                    Pass(line switch
                    {
                        "READY=1" => NotifyMessage.Ready,
                        "WATCHDOG=1" => NotifyMessage.Ping,
                        _ => NotifyMessage.None,
                    });
                }
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // Disposed: the program that it belonged to has ended.
        }
    }

    private void Pass(NotifyMessage message)
    {
        if (message != NotifyMessage.None && (Interlocked.Or(ref pending, (int)message) & (int)message) == 0)
        {
            received(message);
        }
    }
}
