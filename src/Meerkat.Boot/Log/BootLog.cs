using System.Text;

namespace Meerkat.Boot.Log;

/// <summary>What the boot loader itself has to say: entries of the journal, or plain lines.</summary>
internal sealed class BootLog(ConsoleOutput errors, Journal? journal) : ILogEvents
{
    private const string Name = "meerkat-boot";

    public void Write(string line) => Write(EventLine.Plain(line));

    public void Write(LogEvent happened) => errors.Write(
        journal is null ? Encoding.UTF8.GetBytes($"{Name}: {happened.Text}\n") : JournalEntry.Of(Name, journal.Device, happened));
}
