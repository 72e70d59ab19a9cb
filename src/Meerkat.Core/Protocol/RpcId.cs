using System.Text.Json;

namespace Meerkat.Core.Protocol;

/// <summary>
/// The id of a frame as text, so that any number of digits survives (clients use ids above 2^40). Specification 7.1: it is written
/// back as a bare number when it is a row of digits, even if it arrived as a string, and as a string otherwise (negative, fractional).
/// </summary>
public readonly record struct RpcId
{
    /// <summary>No id: the request is a notification and gets no answer.</summary>
    public static readonly RpcId None;

    private readonly string? text;

    public RpcId(string text) => this.text = text.Length == 0 ? null : text;

    /// <exception cref="ArgumentOutOfRangeException"><paramref name="number"/> is negative.</exception>
    public RpcId(long number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        text = number.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    public bool IsNone => text is null;

    public override string ToString() => text ?? "";

    internal void WriteTo(Utf8JsonWriter writer)
    {
        if (text is null)
        {
            return;
        }
        writer.WritePropertyName("id"u8);
        if (IsBareNumber(text))
        {
            writer.WriteRawValue(text, skipInputValidation: true);
        }
        else
        {
            writer.WriteStringValue(text);
        }
    }

    /// <summary>Digits with a leading zero are not a JSON number, so "007" stays a string.</summary>
    private static bool IsBareNumber(string text) =>
        text.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0 && (text[0] != '0' || text.Length == 1);
}
