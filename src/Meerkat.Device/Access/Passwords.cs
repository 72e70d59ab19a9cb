using Meerkat.Core.Access;

namespace Meerkat.Device.Access;

/// <summary>Password files, read when they are asked for: a changed one counts at once.</summary>
public sealed class Passwords(AccessFiles files, AccessLog log)
{
    /// <summary>Nothing when the file cannot be read, so that nobody gets in; the log says why.</summary>
    public HtDigestFile? Read(Credentials credentials)
    {
        try
        {
            var file = HtDigestFile.Parse(files.Read(credentials.File));
            log.Tell(credentials.File, Problem(file));
            return file;
        }
        catch (IOException fault)
        {
            log.Tell(credentials.File, $"{fault.Message}; nobody is let in by it");
            return null;
        }
    }

    private static string Problem(HtDigestFile file) =>
        file.BadLines is [var first, ..] ? $"line {first} is no user:realm:HA1 and lets nobody in"
        : file.Entries == 0 ? "it has no line user:realm:HA1; nobody is let in by it"
        : "";
}
