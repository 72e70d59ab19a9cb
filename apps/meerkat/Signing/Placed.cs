using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Meerkat.Core.Signing;

namespace Meerkat.Tool.Signing;

/// <summary>The value of an option that fills a place: <c>[PLACE=]VALUE</c>.</summary>
/// <param name="Place">0 to 7.</param>
internal sealed record Placed(int Place, Option Option, string Value)
{
    /// <summary>
    /// Reads the options in the order of the command line. One without a place goes into the place behind the one before it; an empty
    /// value leaves that place out.
    /// </summary>
    /// <param name="options">Those that fill places of the same row.</param>
    /// <exception cref="ToolException">They cannot be placed; exit code 2.</exception>
    public static List<Placed> Of(ParseResult given, params Option[] options)
    {
        var found = new List<Placed>();
        var next = 0;
        foreach (var (option, text) in InOrder(given, options))
        {
            var named = text.Length > 1 && char.IsAsciiDigit(text[0]) && text[1] == '=';
            var place = named ? int.Parse(text[..1], CultureInfo.InvariantCulture) : next;
            var value = named ? text[2..] : text;
            if (place >= SignatureCheck.Places)
            {
                throw Wrong($"there is no place {place} for {option.Name} {text}: they are 0 to {SignatureCheck.Places - 1}.");
            }
            if (found.Any(before => before.Place == place))
            {
                throw Wrong($"{option.Name} {text} goes into place {place}, which is filled already.");
            }
            if (value.Length > 0)
            {
                found.Add(new Placed(place, option, value));
            }
            next = place + 1;
        }
        return found;
    }

    private static ToolException Wrong(string text) => new(text, ExitCode.Usage);

    /// <summary>The library keeps values by option; the order between options stands in the tokens alone.</summary>
    private static IEnumerable<(Option Option, string Text)> InOrder(ParseResult given, Option[] options)
    {
        for (var at = 0; at + 1 < given.Tokens.Count; at++)
        {
            var token = given.Tokens[at];
            var option = token.Type != TokenType.Option ? null
                : options.FirstOrDefault(each => each.Name == token.Value || each.Aliases.Contains(token.Value));
            if (option is not null && given.Tokens[at + 1].Type == TokenType.Argument)
            {
                yield return (option, given.Tokens[at + 1].Value);
            }
        }
    }
}
