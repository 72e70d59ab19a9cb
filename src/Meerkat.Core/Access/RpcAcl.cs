using System.Collections.Immutable;
using System.Text.Json;
using Meerkat.Core.Settings;
using Meerkat.Core.Values;

namespace Meerkat.Core.Access;

/// <summary>Who may call what (specification 7.6): entries for methods and channels, of which the first that matches decides.</summary>
/// <param name="Entries">In their order.</param>
/// <param name="Skipped">How many entries say nothing: without <c>acl</c>, or without both <c>method</c> and <c>ch_type</c>.</param>
public sealed record RpcAcl(ImmutableArray<RpcAcl.Entry> Entries, int Skipped)
{
    private const int MaxDepth = 8;

    /// <summary>Every type that a channel can have (specification 7.7): a list with another one would not say what its author means.</summary>
    private static readonly string[] Channels = ["HTTP", "WS_in", "WS_out", "WSS_out", "MQTT", "UART", "UDP_in", "UDP_out", "TCP", "UNIX"];

    /// <param name="Method">A glob over methods; empty for any.</param>
    /// <param name="Channel">The exact type of the channel; empty for any.</param>
    /// <param name="Users"><c>*</c> for anyone, <c>-*</c> for nobody, else a list of users as in <see cref="ConfigAcl"/>.</param>
    public sealed record Entry(string Method, string Channel, string Users);

    /// <summary>Reads the JSON text of a list.</summary>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public static RpcAcl Parse(ReadOnlySpan<byte> utf8)
    {
        JsonElement list;
        try
        {
            list = StrictJson.Parse(utf8, MaxDepth);
        }
        catch (JsonException fault)
        {
            throw new FormatException($"it is not JSON: {fault.Message}", fault);
        }
        if (list.ValueKind != JsonValueKind.Array)
        {
            throw new FormatException($"it must be an array of objects, found {Protocol.RpcArguments.Describe(list)}");
        }
        var entries = ImmutableArray.CreateBuilder<Entry>();
        var skipped = 0;
        foreach (var item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
            {
                throw new FormatException($"it must be an array of objects, found {Protocol.RpcArguments.Describe(item)} in it");
            }
            var entry = new Entry(Text(item, "method"), Text(item, "ch_type"), Text(item, "acl"));
            if (entry.Users.Length == 0 || (entry.Method.Length == 0 && entry.Channel.Length == 0))
            {
                skipped++;
                continue;
            }
            if (entry.Channel.Length > 0 && !Channels.Contains(entry.Channel))
            {
                throw new FormatException($"\"ch_type\" must be one of {string.Join(", ", Channels)}, found \"{entry.Channel}\"");
            }
            entries.Add(entry);
        }
        return new RpcAcl(entries.ToImmutable(), skipped);
    }

    /// <summary>What a call needs; nobody may where no entry matches.</summary>
    public RpcRight Right(string method, string channel)
    {
        foreach (var entry in Entries)
        {
            if ((entry.Channel.Length == 0 || entry.Channel == channel) && (entry.Method.Length == 0 || MatchesAny(entry.Method, method)))
            {
                return entry.Users switch
                {
                    "*" or "+*" => new RpcRight.Anyone(),
                    "-*" => new RpcRight.Nobody(),
                    var users => new RpcRight.Users(users),
                };
            }
        }
        return new RpcRight.Nobody();
    }

    /// <summary>Patterns are parted by commas too (specification 4.2).</summary>
    private static bool MatchesAny(string patterns, string method) =>
        patterns.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Any(pattern => Glob.Matches(pattern, method));

    private static string Text(JsonElement entry, string name)
    {
        if (!entry.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return "";
        }
        return value.ValueKind == JsonValueKind.String
            ? value.GetString()!.Trim()
            : throw new FormatException($"\"{name}\" must be text, found {Protocol.RpcArguments.Describe(value)}");
    }
}
