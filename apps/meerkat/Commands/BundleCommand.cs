using System.CommandLine;

namespace Meerkat.Tool.Commands;

/// <summary><c>meerkat bundle</c>: makes and signs firmware bundles and looks into them.</summary>
internal static class BundleCommand
{
    public static Command Create() => new("bundle", """
        Make and sign firmware bundles (fw.zip), and look into them.

        Examples:
          meerkat bundle create ./thermostat ./fs -o fw.zip --name thermostat --version 1.1.0
          meerkat bundle sign fw.zip --key release.pem
          meerkat bundle inspect fw.zip
        """)
    {
        BundleCreateCommand.Create(),
        BundleSignCommand.Create(),
        BundleInspectCommand.Create(),
        BundleVerifyCommand.Create(),
        BundleKeyCommand.Create(),
    };

    /// <summary>Runs one command; what the disk refuses becomes one line on standard error and exit code 1.</summary>
    public static int Run(Func<string?> action)
    {
        string? error;
        try
        {
            error = action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error = e.Message;
        }
        if (error is null)
        {
            return 0;
        }
        Console.Error.WriteLine($"Error: {error}");
        return 1;
    }
}
