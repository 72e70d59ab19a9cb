using System.Runtime.InteropServices;

namespace Meerkat.Storage;

/// <summary>A storage operation that the system refused.</summary>
public sealed class StorageException : IOException
{
    private const int NotFoundErrno = 2;
    private const int ExistsErrno = 17;
    private const int NotDirectoryErrno = 20;
    private const int NoSpaceErrno = 28;
    private const int ReadOnlyErrno = 30;
    private const int LoopErrno = 40;
    private const int QuotaErrno = 122;

    public StorageException(string operation, string path, int errno)
        : base($"cannot {operation} {(path.Length == 0 ? "the root" : path)}: {Marshal.GetPInvokeErrorMessage(errno)}")
    {
        Errno = errno;
    }

    /// <summary>The system's error number (errno).</summary>
    public int Errno { get; }

    public bool IsNotFound => Errno is NotFoundErrno or NotDirectoryErrno;

    public bool IsExists => Errno == ExistsErrno;

    public bool IsNoSpace => Errno is NoSpaceErrno or QuotaErrno;

    public bool IsReadOnly => Errno == ReadOnlyErrno;

    /// <summary>A symbolic link stood where the path may not follow one.</summary>
    public bool IsLink => Errno == LoopErrno;
}
