using System.Security.Cryptography;

namespace Meerkat.Bench;

/// <summary>An image of any size that runs.</summary>
internal static class ImageFile
{
    private const int BlockBytes = 1 << 20;

    /// <summary>A program, and behind it what cannot be compressed; the path of the file.</summary>
    public static string Padded(Bench bench, string firmware, int sizeMib)
    {
        var path = bench.PathOf("image");
        File.Copy(firmware, path);
        using var file = File.OpenWrite(path);
        file.Position = file.Length;
        var block = new byte[BlockBytes];
        for (var left = ((long)sizeMib << 20) - file.Length; left > 0; left -= block.Length)
        {
            RandomNumberGenerator.Fill(block);
            file.Write(block.AsSpan(0, (int)Math.Min(block.Length, left)));
        }
        return path;
    }
}
