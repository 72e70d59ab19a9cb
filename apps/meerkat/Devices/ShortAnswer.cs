using System.CommandLine;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;

namespace Meerkat.Tool.Devices;

/// <summary>The <c>--json</c> of commands that have nothing to tell but that it is done.</summary>
internal sealed class ShortAnswer
{
    private readonly Option<bool> json = new("--json") { Description = "Print the result as JSON" };

    public ShortAnswer(Command command) => command.Options.Add(json);

    /// <param name="parsed">The command line.</param>
    /// <param name="result">For machines: one word.</param>
    /// <param name="words">For people.</param>
    public void Print(ParseResult parsed, string result, string words) =>
        Console.Out.WriteLine(parsed.GetValue(json) ? RpcJson.ToPretty(new JsonObject { ["result"] = result }) : words);
}
