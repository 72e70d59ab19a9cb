using System.CommandLine;
using Meerkat.Tool.Commands;

var root = new RootCommand("Meerkat: over-the-air updates that do not brick devices.") { BundleCommand.Create() };
var given = root.Parse(args);
if (given.Errors.Count > 0)
{
    foreach (var error in given.Errors)
    {
        Console.Error.WriteLine($"Error: {error.Message}");
    }
    return 2;
}
return given.Invoke();
