namespace Meerkat.Device.Updates;

/// <summary>An update that runs. Bytes go in in order, in pieces of any size; storage work is done in the caller's thread.</summary>
public sealed class UpdateSession : IDisposable
{
    /// <summary>May be changed until <see cref="Complete"/>: a form may name it after the file.</summary>
    public int CommitTimeoutSeconds { get; set; }

    /// <summary>Bytes taken so far.</summary>
    public long ReceivedBytes { get; private set; }

    /// <summary>Takes the next bytes. A result means that the update has ended; what follows is ignored.</summary>
    public UpdateResult? Write(ReadOnlySpan<byte> bytes) => throw new NotImplementedException();

    /// <summary>The bundle is all there: verifies, seals and arms.</summary>
    public UpdateResult Complete() => throw new NotImplementedException();

    /// <summary>Gives the update up; the target slot stays empty. After an end it does nothing.</summary>
    public UpdateResult Abort(string reason) => throw new NotImplementedException();

    public void Dispose() => ReceivedBytes = 0;
}
