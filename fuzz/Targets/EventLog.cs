using System.Globalization;
using System.IO.Hashing;

namespace Meerkat.Fuzz.Targets;

/// <summary>
/// What a push parser has told, with bytes as their number and hash, so that what came in other pieces compares equal.
/// </summary>
internal sealed class EventLog
{
    private readonly List<string> events = [];
    private readonly XxHash128 data = new();

    /// <summary>Bytes of what was begun last.</summary>
    public long DataBytes { get; private set; }

    public void Begin(string text)
    {
        events.Add(text);
        data.Reset();
        DataBytes = 0;
    }

    public void Data(ReadOnlySpan<byte> bytes)
    {
        data.Append(bytes);
        DataBytes += bytes.Length;
    }

    public void End(string text) => events.Add(
        string.Create(CultureInfo.InvariantCulture, $"{text} {DataBytes} {Convert.ToHexStringLower(data.GetCurrentHash())}"));

    public void Add(string text) => events.Add(text);

    /// <exception cref="FindingException">The other told something else.</exception>
    public void MustEqual(EventLog other, string how)
    {
        if (events.SequenceEqual(other.events))
        {
            return;
        }
        var at = events.Zip(other.events).TakeWhile(pair => pair.First == pair.Second).Count();
        throw new FindingException(
            $"{how}: event {at} is '{events.ElementAtOrDefault(at)}', as a whole it was '{other.events.ElementAtOrDefault(at)}'");
    }
}
