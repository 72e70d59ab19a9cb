namespace Meerkat.Storage;

/// <summary>An open file of a volume. Writes are durable only after <see cref="Flush"/>.</summary>
public interface IVolumeFile : IDisposable
{
    long Length { get; }

    /// <summary>
    /// Tells this file from every other that has or had its name, as far as the medium can tell; without blanks, colons and line ends.
    /// </summary>
    string Identity => "";

    /// <summary>Whether a write waits for a medium, so that it is worth a thread of its own.</summary>
    bool WaitsForMedium => false;

    /// <summary>Reads up to the buffer's length; 0 at the end.</summary>
    int Read(Span<byte> buffer, long offset);

    /// <summary>Writes all the bytes.</summary>
    void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>
    /// Has the medium set space aside for the file's first bytes, so that writing them does not fail on a full medium. The length stays
    /// what it is; a <see cref="Truncate"/> gives back what lies behind the end. Promises nothing: a medium that cannot, or is full
    /// already, leaves it out.
    /// </summary>
    void Reserve(long bytes)
    {
    }

    void Truncate(long length);

    void Flush();
}
