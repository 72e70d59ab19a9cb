using System.IO.Pipes;
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
        try
        {
            return new AnonymousPipeClientStream(PipeDirection.Out, new SafePipeHandle(1, ownsHandle: false));
        }
        catch (IOException)
        {
            // A file.
            return Console.OpenStandardOutput();
        }
    }

    public static StreamWriter OpenText() => new(Open(), new UTF8Encoding(false)) { AutoFlush = true, NewLine = "\n" };
}
