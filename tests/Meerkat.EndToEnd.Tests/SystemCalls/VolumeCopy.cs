using Meerkat.Simulator.Medium;
using Meerkat.Storage;

namespace Meerkat.EndToEnd.Tests.SystemCalls;

/// <summary>A real directory as a simulated medium, all of it durable.</summary>
internal static class VolumeCopy
{
    /// <summary>More than any of these devices holds, and no less than an update asks for.</summary>
    private const long CapacityBytes = 1L << 30;

    private const int MostBytes = 1 << 24;

    /// <summary>Copies what <see cref="CallReplay"/> does not leave out.</summary>
    public static SimVolume Of(string root, Func<DateTimeOffset> clock)
    {
        using var real = new HostVolume(root);
        var copy = new SimVolume(CapacityBytes, clock);
        copy.SetAttributes("", real.Find("")!.Value.Attributes);
        var directories = new Queue<string>([""]);
        while (directories.TryDequeue(out var directory))
        {
            foreach (var entry in real.List(directory))
            {
                var path = directory.Length == 0 ? entry.Name : $"{directory}/{entry.Name}";
                if (CallReplay.IsLeftOut(path))
                {
                    continue;
                }
                switch (entry.Kind)
                {
                    case EntryKind.Directory:
                        copy.CreateDirectory(path, entry.Attributes.Mode);
                        directories.Enqueue(path);
                        break;
                    case EntryKind.Link:
                        copy.CreateLink(path, real.ReadLink(path));
                        break;
                    case EntryKind.File:
                        using (var file = copy.Create(path, entry.Attributes.Mode))
                        {
                            file.Write(real.ReadSmall(path, MostBytes), 0);
                        }
                        break;
                    default:
                        throw new InvalidOperationException($"{path} is neither file nor directory nor link");
                }
                copy.SetAttributes(path, entry.Attributes);
            }
        }
        return copy.AfterCrash(CrashOutcome.Everything, clock);
    }

    /// <summary>What programs see on a medium, a line an entry: kinds, modes, bytes, targets of links.</summary>
    public static List<string> Lines(SimVolume medium)
    {
        var lines = new List<string>();
        medium.Visit("", (path, node) => lines.Add(
            FormattableString.Invariant($"{path} {node.Kind} {Convert.ToString(node.Kind == EntryKind.Link ? 0 : node.Attributes.Mode, 8)} {node.Target}{Convert.ToHexString(node.Bytes)}")));
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }
}
