using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Meerkat.Core.Bundles;

/// <summary>What paths an image has used, to refuse a path that comes twice or lies below something not a folder.</summary>
/// <remarks>
/// Remembers 128-bit hashes, not texts, so that its size is bounded by the number of members alone. Two paths made to
/// collide are refused as one path that comes twice, so nothing is gained by making them.
/// </remarks>
internal sealed class TarTree(int maxMembers)
{
    private readonly Dictionary<UInt128, Node> nodes = [];
    private int others;

    internal enum Node
    {
        Folder,
        File,
        Link,
    }

    /// <summary>Adds a member and the folders above it. Returns what forbids that; null when nothing does.</summary>
    public (BundleProblemCode Code, string Text)? Add(string path, Node node)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            var above = path.AsSpan(0, slash);
            if (!nodes.TryAdd(Hash(above), Node.Folder) && nodes[Hash(above)] is var found and not Node.Folder)
            {
                return (found == Node.Link ? BundleProblemCode.TarLink : BundleProblemCode.TarTwice,
                    $"lies below '{EntryName.Printable(above.ToString())}', which is a {Word(found)}");
            }
        }
        if (!nodes.TryAdd(Hash(path), node) && (node != Node.Folder || nodes[Hash(path)] != Node.Folder))
        {
            return (BundleProblemCode.TarTwice, "is there twice");
        }
        return TooMany();
    }

    /// <summary>Counts a member that is not part of the tree.</summary>
    public (BundleProblemCode Code, string Text)? CountOther()
    {
        others++;
        return TooMany();
    }

    private (BundleProblemCode Code, string Text)? TooMany() => nodes.Count + others > maxMembers
        ? (BundleProblemCode.TarTooMany, $"is one too many: at most {maxMembers} members are accepted")
        : null;

    private static string Word(Node node) => node == Node.Link ? "symbolic link" : "file";

    private static UInt128 Hash(ReadOnlySpan<char> path) => XxHash128.HashToUInt128(MemoryMarshal.AsBytes(path));
}
