using System.Text;
using Meerkat.Core.Bundles;

namespace Meerkat.Core.Tests.Bundles;

/// <summary>One member of a tar made by hand; every field can lie.</summary>
internal sealed record TarMemberBytes(string Path)
{
    public char Kind { get; init; } = '0';
    public byte[] Data { get; init; } = [];
    public string Link { get; init; } = "";
    public string Mode { get; init; } = "0000644";
    public string? Size { get; init; }
    public byte[]? SizeField { get; init; }
    public string ModifiedAt { get; init; } = "00000000000";
    public string Magic { get; init; } = "ustar\0" + "00";
    public string Prefix { get; init; } = "";
    public byte[]? PathBytes { get; init; }
    public bool SpoilChecksum { get; init; }

    public static TarMemberBytes File(string path, string text = "") => new(path) { Data = Encoding.UTF8.GetBytes(text) };

    public static TarMemberBytes Folder(string path) => new(path) { Kind = '5', Mode = "0000755" };

    public static TarMemberBytes Symlink(string path, string target) => new(path) { Kind = '2', Link = target };

    public static TarMemberBytes Pax(params string[] records) => PaxOf('x', records);

    public static TarMemberBytes PaxOf(char kind, params string[] records) =>
        new("pax") { Kind = kind, Data = Encoding.UTF8.GetBytes(string.Concat(records)) };

    /// <summary>"LENGTH KEY=VALUE\n", where the length counts itself.</summary>
    public static string Record(string key, string value)
    {
        var rest = Encoding.UTF8.GetByteCount($" {key}={value}\n");
        var length = rest + 1;
        while (rest + $"{length}".Length != length)
        {
            length++;
        }
        return $"{length} {key}={value}\n";
    }

    public byte[] Block()
    {
        var block = new byte[512];
        (PathBytes ?? Encoding.UTF8.GetBytes(Path)).AsSpan().CopyTo(block);
        Put(100, Mode);
        Put(124, Size ?? Convert.ToString(Data.Length, 8).PadLeft(11, '0'));
        SizeField?.CopyTo(block, 124);
        Put(136, ModifiedAt);
        Put(148, "        ");
        block[156] = (byte)Kind;
        Put(157, Link);
        Put(257, Magic);
        Put(345, Prefix);
        var sum = block.Sum(b => b) + (SpoilChecksum ? 1 : 0);
        Put(148, Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ");
        return block;

        void Put(int at, string text) => Encoding.UTF8.GetBytes(text).CopyTo(block, at);
    }
}

/// <summary>Tars made by hand.</summary>
internal static class TarBytes
{
    public static readonly byte[] End = new byte[1024];

    public static byte[] Tar(params TarMemberBytes[] members) => [.. Members(members), .. End];

    public static byte[] Members(params TarMemberBytes[] members)
    {
        var tar = new MemoryStream();
        foreach (var member in members)
        {
            tar.Write(member.Block());
            tar.Write(member.Data);
            tar.Write(new byte[-member.Data.Length & 511]);
        }
        return tar.ToArray();
    }

    /// <summary>Feeds an image in pieces of the given sizes, over and over; returns what was refused.</summary>
    public static BundleProblem? Read(ReadOnlySpan<byte> tar, Recording to, int[] pieces, BundleLimits? limits = null)
    {
        var reader = new TarReader(to, limits);
        for (var i = 0; !tar.IsEmpty; i++)
        {
            var count = Math.Min(tar.Length, pieces[i % pieces.Length]);
            if (reader.Push(tar[..count]) is { } problem)
            {
                return problem;
            }
            tar = tar[count..];
        }
        return reader.Complete();
    }
}
