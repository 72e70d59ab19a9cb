using System.Text;

namespace Meerkat.Boot.Log;

/// <summary>Takes a line that a program printed, without its end.</summary>
internal delegate void LineTaker(LogEvent happened, ReadOnlySpan<byte> line);

/// <summary>Parts what one start of a program prints into lines. To be used from one thread.</summary>
/// <param name="name">The program's, as the journal calls it.</param>
/// <param name="slot">The slot it runs from.</param>
/// <param name="version">The version in that slot.</param>
/// <param name="tellsEvents">Its lines may carry events; nobody but the agent is believed that.</param>
public sealed class ProgramLines(string name, int? slot, string? version, bool tellsEvents)
{
    private const string Agent = "meerkat-agent";
    private const string Firmware = "meerkat-firmware";

    private readonly byte[] pending = new byte[JournalEntry.MostMessageBytes];
    private readonly LogEvent plain = new("", "") { Slot = slot, Version = version };
    private int length;

    public string Name => name;

    /// <summary>The lines of a program that is started with this environment; only firmware has a slot in its own.</summary>
    public static ProgramLines Of(IReadOnlyDictionary<string, string> environment) =>
        environment.TryGetValue("MEERKAT_SLOT", out var slot) && int.TryParse(slot, out var number)
            ? new ProgramLines(Firmware, number, environment.GetValueOrDefault("MEERKAT_VERSION"), tellsEvents: false)
            : new ProgramLines(Agent, null, null, tellsEvents: true);

    /// <summary>Gives each line that is complete. A longer one than an entry takes comes in pieces.</summary>
    /// <param name="bytes">What was printed; nothing at the program's end.</param>
    /// <param name="taker">Gets the lines.</param>
    internal void Take(ReadOnlySpan<byte> bytes, LineTaker taker)
    {
        if (bytes.IsEmpty && length > 0)
        {
            Give(taker);
        }
        foreach (var one in bytes)
        {
            if (one == '\n')
            {
                Give(taker);
                continue;
            }
            if (length == pending.Length)
            {
                Give(taker);
            }
            pending[length++] = one;
        }
    }

    private void Give(LineTaker taker)
    {
        ReadOnlySpan<byte> line = pending.AsSpan(0, length);
        length = 0;
        if (line.IsEmpty)
        {
            return;
        }
        var happened = plain;
        if (line is [(byte)'<', >= (byte)'0' and <= (byte)'7' and var digit, (byte)'>', .. var rest])
        {
            // sd-daemon(3): how a program says how bad its line is.
            happened = happened with { Severity = (Severity)(digit - '0') };
            line = rest;
        }
        else if (tellsEvents)
        {
            happened = EventLine.Read(Encoding.UTF8.GetString(line));
            line = Encoding.UTF8.GetBytes(happened.Text);
        }
        taker(happened, line);
    }
}
