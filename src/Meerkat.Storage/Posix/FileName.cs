using System.Text;

namespace Meerkat.Storage.Posix;

/// <summary>
/// File names are bytes, .NET's are text. Bytes that are not UTF-8 become lone low surrogates U+DC80 to U+DCFF and
/// come back as the same bytes, so that a file with any name survives a merge.
/// </summary>
internal static class FileName
{
    private const char FirstEscape = '\uDC00';

    public static string Decode(ReadOnlySpan<byte> name)
    {
        var text = new StringBuilder(name.Length);
        while (!name.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(name, out var rune, out var used);
            if (status == System.Buffers.OperationStatus.Done)
            {
                text.Append(rune.ToString());
                name = name[used..];
            }
            else
            {
                text.Append((char)(FirstEscape + name[0]));
                name = name[1..];
            }
        }
        return text.ToString();
    }

    /// <summary>The bytes of a name, ended by a NUL as the C library wants it.</summary>
    /// <exception cref="ArgumentException">The text has a NUL or a surrogate that stands for no byte.</exception>
    public static byte[] Encode(string text)
    {
        var bytes = new List<byte>(text.Length + 1);
        Span<byte> buffer = stackalloc byte[4];
        for (var index = 0; index < text.Length; index++)
        {
            if (Rune.TryGetRuneAt(text, index, out var rune))
            {
                bytes.AddRange(buffer[..rune.EncodeToUtf8(buffer)]);
                index += rune.Utf16SequenceLength - 1;
            }
            else if (text[index] is >= (char)(FirstEscape + 0x80) and <= (char)(FirstEscape + 0xFF))
            {
                bytes.Add((byte)(text[index] - FirstEscape));
            }
            else
            {
                throw new ArgumentException($"the file name has a character that no file name can have, at {index}", nameof(text));
            }
        }
        if (bytes.Contains(0))
        {
            throw new ArgumentException("the file name has a NUL", nameof(text));
        }
        bytes.Add(0);
        return [.. bytes];
    }
}
