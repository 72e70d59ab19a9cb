using System.Text;

namespace Meerkat.Boot.Log;

/// <summary>What the boot loader itself has to say: entries of the journal, or plain lines; and lines with their times in a file.</summary>
internal sealed class BootLog(ConsoleOutput errors, Journal? journal) : ILogEvents
{
    private const string Name = "meerkat-boot";

    /// <summary>Where lines are kept; none until the device's root is locked.</summary>
    public BoundedLog? File { get; set; }

    public void Write(string line) => Write(EventLine.Plain(line));

    public void Write(LogEvent happened)
    {
        errors.Write(
            journal is null ? Encoding.UTF8.GetBytes($"{Name}: {happened.Text}\n") : JournalEntry.Of(Name, journal.Device, happened));
        File?.Write(Encoding.UTF8.GetBytes(
            FormattableString.Invariant($"{TimeProvider.System.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {happened.Text}\n")));
    }
}
