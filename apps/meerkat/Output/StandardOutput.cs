using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Meerkat.Tool.Output;

/// <summary>
/// Standard output for commands that go on for long. The console's own stream keeps quiet about a reader who has gone (as in
/// <c>… | head</c>); this one says so with an <see cref="IOException"/>, and the command can end.
/// </summary>
internal static class StandardOutput
{
    public static Stream Open()
    {
        if (!Console.IsOutputRedirected)
        {
            return Console.OpenStandardOutput();
        }
        var stream = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        // A file's own stream would write at a place of its own, and who shares the file would write over it.
        return stream.CanSeek ? Console.OpenStandardOutput() : stream;
    }

    public static StreamWriter OpenText() => new(Open(), new UTF8Encoding(false)) { AutoFlush = true, NewLine = "\n" };
}
