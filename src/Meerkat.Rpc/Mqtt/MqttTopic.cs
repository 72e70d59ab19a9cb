using System.Text;

namespace Meerkat.Rpc.Mqtt;

/// <summary>Names of topics: made from settings and from what strangers say, so every one is looked at before it is used.</summary>
public static class MqttTopic
{
    private const string Placeholder = "%.*s";

    /// <summary>Brokers end the connection of who publishes to a topic that is too long or too deep (mosquitto: 200 levels).</summary>
    private const int MostBytes = 1024;
    private const int MostLevels = 100;

    /// <summary>The topic with a name in the place of <c>%.*s</c> (or <c>%s</c>); without a place it is as it is.</summary>
    public static string Format(string format, string name)
    {
        var place = format.Contains(Placeholder, StringComparison.Ordinal) ? Placeholder : "%s";
        return format.Replace(place, name, StringComparison.Ordinal);
    }

    /// <summary>Whether every name gets the same topic of this format.</summary>
    public static bool IsFixed(string format) => !format.Contains('%', StringComparison.Ordinal);

    /// <summary>What is wrong with the name of a topic that is to be published to or subscribed as it is; null: nothing.</summary>
    public static string? Problem(string topic)
    {
        if (topic.Length == 0)
        {
            return "is empty";
        }
        if (Encoding.UTF8.GetByteCount(topic) > MostBytes)
        {
            return $"has more than {MostBytes} bytes";
        }
        if (topic.Count(letter => letter == '/') >= MostLevels)
        {
            return $"has more than {MostLevels} levels";
        }
        if (topic.AsSpan().IndexOfAny('+', '#') >= 0)
        {
            return "contains a wild card (+ or #)";
        }
        if (topic.StartsWith("$SYS/", StringComparison.Ordinal) || topic.StartsWith("$share/", StringComparison.Ordinal))
        {
            return "belongs to the broker";
        }
        foreach (var letter in topic.EnumerateRunes())
        {
            if (Rune.IsControl(letter) || (letter.Value & 0xFFFE) == 0xFFFE || letter.Value is >= 0xFDD0 and <= 0xFDEF || letter == Rune.ReplacementChar)
            {
                return "contains a character that no topic may have";
            }
        }
        return null;
    }
}
