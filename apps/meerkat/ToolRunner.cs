using System.CommandLine;
using Meerkat.Rpc;

namespace Meerkat.Tool;

/// <summary>Runs one command line: the only place that turns exceptions into messages and exit codes.</summary>
internal static class ToolRunner
{
    public static async Task<int> RunAsync(RootCommand root, string[] args)
    {
        ShortListHelp.Install(root);
        // A JSON argument may start with an at sign; the library would take it for the name of a file with further arguments.
        ParseResult parsed;
        try
        {
            parsed = root.Parse([.. Words(args)], new ParserConfiguration { ResponseFileTokenReplacer = null });
        }
        catch (InvalidOperationException e) when (e.Message.StartsWith("Cannot parse argument", StringComparison.Ordinal))
        {
            // A validator asked for the value of an option that has none.
            return Fail(OneLine(e.Message), ExitCode.Usage);
        }
        if (parsed.Errors.Count > 0)
        {
            var command = string.Join(' ', Path(parsed.CommandResult).Reverse());
            return Fail($"{UnknownWord.Explain(parsed) ?? OneLine(parsed.Errors[0].Message)} See \"{command} --help\".", ExitCode.Usage);
        }
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (ToolException e)
        {
            return Fail(e.Message, e.ExitCode);
        }
        catch (RpcTransportException e)
        {
            return Fail(e.Message, ExitCode.Error);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fail(e.Message, ExitCode.Error);
        }
        catch (OperationCanceledException)
        {
            return Fail("interrupted; see what the device does with \"meerkat status\"", ExitCode.Error);
        }
    }

    /// <summary>The library takes <c>--option=</c> for an option without a value, and the next word for its value.</summary>
    private static IEnumerable<string> Words(string[] args)
    {
        var values = false;
        foreach (var word in args)
        {
            values |= word == "--";
            if (!values && word.Length > 3 && word.StartsWith("--", StringComparison.Ordinal) && word.IndexOf('=', StringComparison.Ordinal) == word.Length - 1)
            {
                yield return word[..^1];
                yield return "";
            }
            else
            {
                yield return word;
            }
        }
    }

    private static IEnumerable<string> Path(System.CommandLine.Parsing.CommandResult command)
    {
        for (var at = command; at is not null; at = at.Parent as System.CommandLine.Parsing.CommandResult)
        {
            yield return at.Command.Name;
        }
    }

    private static string OneLine(string message) => string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static int Fail(string message, int exitCode)
    {
        Console.Error.WriteLine($"Error: {message.ReplaceLineEndings(" ")}");
        return exitCode;
    }
}
