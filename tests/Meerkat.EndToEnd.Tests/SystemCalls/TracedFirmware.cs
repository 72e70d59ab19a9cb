using System.Formats.Tar;
using System.Text;
using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;
using Meerkat.Simulator.Machine;
using Meerkat.Storage;

namespace Meerkat.EndToEnd.Tests.SystemCalls;

/// <summary>A firmware for a real device, and the same as the simulated world knows it.</summary>
internal sealed record TracedFirmware(Release Release, byte[] Bundle)
{
    /// <param name="number">Of no other release; also its version.</param>
    /// <param name="script">What it does.</param>
    /// <param name="behaviour">The same in the simulated world.</param>
    public static TracedFirmware Make(int number, string script, FirmwareBehaviour behaviour)
    {
        var files = FileTree.Empty
            .With("app", FileFact.Directory())
            .With("app/version.txt", Text($"release {number}"))
            .With($"app/only-{number}.txt", Text("shipped"))
            .With("conf0.json", Text("""{"app": {"colour": "blue"}}"""));
        var firmware = new TestFirmware(FormattableString.Invariant($"{number}.0.0"), script)
        {
            Members = writer => Write(writer, files),
            Manifest = new JsonObject { ["platform"] = Release.Platform },
        };
        var release = new Release(number, behaviour, firmware.Version, firmware.Image, files);
        return new TracedFirmware(release, firmware.Bundle());
    }

    public static FileFact Text(string text) => FileFact.File(Encoding.UTF8.GetBytes(text));

    private static void Write(TarWriter writer, FileTree files)
    {
        foreach (var (path, fact) in files.Entries.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            var entry = new UstarTarEntry(fact.Kind == EntryKind.Directory ? TarEntryType.Directory : TarEntryType.RegularFile, path)
            {
                Mode = (UnixFileMode)fact.Mode,
            };
            if (fact.Kind == EntryKind.File)
            {
                entry.DataStream = new MemoryStream(fact.Bytes);
            }
            writer.WriteEntry(entry);
        }
    }
}
