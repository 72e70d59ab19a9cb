using Meerkat.Storage;

namespace Meerkat.Tool.Files;

/// <summary>
/// A file that is written here. It gets its name when it is complete; until then what had the name is left alone, and its mode is kept. What is no plain
/// file (a terminal, <c>/dev/null</c>, a pipe) is written to directly.
/// </summary>
internal sealed class LocalFile : IAsyncDisposable
{
    private readonly string path;
    private bool kept;

    private LocalFile(string path, string? temporary)
    {
        this.path = path;
        Temporary = temporary;
        Stream = temporary is null
            ? new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0)
            : new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        if (temporary is not null && File.Exists(path))
        {
            File.SetUnixFileMode(Stream.SafeFileHandle, File.GetUnixFileMode(path));
        }
    }

    public FileStream Stream { get; }

    /// <summary>Where it lies until it gets its name; null for what is no plain file.</summary>
    public string? Temporary { get; }

    /// <exception cref="IOException">The directory is not there, or may not be written.</exception>
    public static LocalFile Create(string path)
    {
        var full = Path.GetFullPath(path);
        if (new FileInfo(full).LinkTarget is not null)
        {
            full = File.ResolveLinkTarget(full, returnFinalTarget: true)!.FullName;
        }
        var directory = Path.GetDirectoryName(full) ?? "/";
        using var volume = new HostVolume(directory);
        var name = Path.GetFileName(full);
        return volume.Find(name) is { Kind: EntryKind.Special }
            ? new LocalFile(full, null)
            : new LocalFile(full, Path.Combine(directory, $".{name}.{Random.Shared.NextInt64(1L << 32):x8}.part"));
    }

    /// <summary>Gives the file its name.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        await Stream.FlushAsync(cancellationToken);
        Stream.Flush(flushToDisk: Temporary is not null);
        await Stream.DisposeAsync();
        if (Temporary is not null)
        {
            File.Move(Temporary, path, overwrite: true);
        }
        kept = true;
    }

    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        if (!kept && Temporary is not null)
        {
            File.Delete(Temporary);
        }
    }
}
