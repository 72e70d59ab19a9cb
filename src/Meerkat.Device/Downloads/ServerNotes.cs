namespace Meerkat.Device.Downloads;

/// <summary>
/// What the device remembers of the addresses it has asked, as long as this program runs. Nothing of it is stored: what is lost with a
/// restart costs one question, and what is never stored is never wrong after a cut, or under another firmware.
/// </summary>
/// <param name="time">Measures how old a note is.</param>
internal sealed class ServerNotes(TimeProvider time)
{
    /// <summary>Callers may name any number of addresses. Beyond this all notes are forgotten.</summary>
    private const int Most = 32;

    /// <summary>Some servers make an ETag of a date in whole seconds. One that was reused hides a bundle for no longer than this.</summary>
    private static readonly TimeSpan LongestBelief = TimeSpan.FromDays(1);

    private readonly Lock gate = new();
    private readonly Dictionary<Uri, Note> notes = [];

    /// <summary>The bundle at this address that was found to be the one that runs, so that the server need not send it again.</summary>
    public KnownBundle? Unneeded(Uri address)
    {
        lock (gate)
        {
            return notes.GetValueOrDefault(address) is { Unneeded: { } bundle } note && time.GetElapsedTime(note.UnneededSince) < LongestBelief
                ? bundle
                : null;
        }
    }

    public void RunsAlready(Uri address, KnownBundle? bundle) => Change(
        address, note => note with { Unneeded = bundle, UnneededSince = time.GetTimestamp() });

    /// <summary>How much longer the server at this address asks to be left alone, 0 or more.</summary>
    public TimeSpan RestLeft(Uri address)
    {
        lock (gate)
        {
            return notes.GetValueOrDefault(address) is { } note && note.Rest - time.GetElapsedTime(note.RestSince) is { Ticks: > 0 } left
                ? left
                : TimeSpan.Zero;
        }
    }

    public void Rests(Uri address, TimeSpan rest) => Change(address, note => note with { Rest = rest, RestSince = time.GetTimestamp() });

    /// <summary>Notes what is wrong with this address; whether that is something else than the last time.</summary>
    /// <param name="address">The address asked.</param>
    /// <param name="trouble">Empty: nothing is.</param>
    public bool IsNews(Uri address, string trouble)
    {
        var news = false;
        Change(address, note =>
        {
            news = note.Trouble != trouble;
            return note with { Trouble = trouble };
        });
        return news;
    }

    private void Change(Uri address, Func<Note, Note> change)
    {
        lock (gate)
        {
            if (notes.Count >= Most && !notes.ContainsKey(address))
            {
                notes.Clear();
            }
            notes[address] = change(notes.GetValueOrDefault(address) ?? new Note());
        }
    }

    private sealed record Note
    {
        public KnownBundle? Unneeded { get; init; }

        public long UnneededSince { get; init; }

        public TimeSpan Rest { get; init; }

        public long RestSince { get; init; }

        public string Trouble { get; init; } = "";
    }
}
