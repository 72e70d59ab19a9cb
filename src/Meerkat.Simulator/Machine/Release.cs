using System.Collections.Concurrent;
using System.Formats.Tar;
using System.Text;
using Meerkat.Core.Bundles;
using Meerkat.Core.Health;
using Meerkat.Storage;

namespace Meerkat.Simulator.Machine;

/// <summary>A firmware release of the simulated maker: its bundle, and what must be on a device that runs it.</summary>
internal sealed class Release
{
    public const string Platform = "linux-sim";

    /// <summary>Of the health contracts, in seconds.</summary>
    public const int MinTimeSeconds = 20;

    public const int MaxTimeSeconds = 120;

    private const int ImageBytes = 1500;

    private static readonly ConcurrentDictionary<(int, FirmwareBehaviour), Release> Made = new();

    private Release(int number, FirmwareBehaviour behaviour)
    {
        Number = number;
        Behaviour = behaviour;
        Version = FormattableString.Invariant($"{number}.0.0");
        Image = new byte[ImageBytes];
        new Random(number).NextBytes(Image);
        Shipped = Contract(behaviour) is { } contract
            ? Ship(number).With(HealthContract.FileName, FileFact.File(Encoding.UTF8.GetBytes(contract)))
            : Ship(number);
        Bundle = Pack();
    }

    /// <summary>A release that somebody else made, and gave to a device that is looked at here.</summary>
    /// <param name="number">Of no other release of the same life.</param>
    /// <param name="behaviour">What its firmware does in the simulated world.</param>
    /// <param name="version">As its manifest says.</param>
    /// <param name="image">The firmware.</param>
    /// <param name="shipped">The file system that it brings.</param>
    public Release(int number, FirmwareBehaviour behaviour, string version, byte[] image, FileTree shipped)
    {
        Number = number;
        Behaviour = behaviour;
        Version = version;
        Image = image;
        Shipped = shipped;
        Bundle = [];
    }

    public int Number { get; }

    public FirmwareBehaviour Behaviour { get; }

    public string Version { get; }

    public byte[] Image { get; }

    public FileTree Shipped { get; }

    public byte[] Bundle { get; }

    /// <summary>The same number and behaviour give the same bytes.</summary>
    public static Release Of(int number, FirmwareBehaviour behaviour = FirmwareBehaviour.Good) =>
        Made.GetOrAdd((number, behaviour), static key => new Release(key.Item1, key.Item2));

    public override string ToString() => Behaviour == FirmwareBehaviour.Good ? Version : $"{Version} ({Behaviour})";

    /// <summary>No device of this world has a broker to connect to.</summary>
    private static string? Contract(FirmwareBehaviour behaviour) => behaviour switch
    {
        FirmwareBehaviour.KeepsContract => $$"""{"min_time": {{MinTimeSeconds}}, "max_time": {{MaxTimeSeconds}}, "interval": 10, "probes": [{"ready": true}]}""",
        FirmwareBehaviour.BreaksContract => $$"""{"max_time": {{MaxTimeSeconds}}, "interval": 10, "probes": [{"ready": true}, {"mqtt": true}]}""",
        _ => null,
    };

    private static FileTree Ship(int number)
    {
        static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

        var tree = FileTree.Empty
            .With("app", FileFact.Directory())
            .With("app/version.txt", FileFact.File(Text($"release {number}")))
            .With("conf0.json", FileFact.File(Text($$$"""{"app":{"release":{{{number}}},"colour":"blue"}}""")))
            .With("www", FileFact.Directory())
            .With("www/index.html", FileFact.File(Text(new string('x', 300) + number)))
            // Comes and goes between releases.
            .With($"app/only-{number % 3}.bin", FileFact.File(new byte[64]));
        // Of another kind in every second release.
        return number % 2 == 0
            ? tree.With("turns", FileFact.File(Text("a file")))
            : tree.With("turns", FileFact.Directory()).With("turns/inside.txt", FileFact.File(Text("in a directory")));
    }

    private byte[] Pack()
    {
        var image = Tar();
        var recipe = new BundleRecipe(
            "simulated",
            Platform,
            Version,
            FormattableString.Invariant($"build-{Number}"),
            [
                new PartRecipe("app", "app", "app.bin", () => new MemoryStream(Image)),
                new PartRecipe("fs", "fs", "fs.tar", () => new MemoryStream(image)),
            ]);
        using var bundle = new MemoryStream();
        ((BundlePlanning.Planned)BundlePlan.Prepare(recipe)).Plan.WriteTo(bundle);
        return bundle.ToArray();
    }

    private byte[] Tar()
    {
        using var output = new MemoryStream();
        using (var writer = new TarWriter(output, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (path, fact) in Shipped.Entries.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            {
                var entry = new UstarTarEntry(fact.Kind == EntryKind.Directory ? TarEntryType.Directory : TarEntryType.RegularFile, path)
                {
                    Mode = (UnixFileMode)fact.Mode,
                    ModificationTime = DateTimeOffset.UnixEpoch,
                };
                if (fact.Kind == EntryKind.File)
                {
                    entry.DataStream = new MemoryStream(fact.Bytes);
                }
                writer.WriteEntry(entry);
            }
        }
        return output.ToArray();
    }
}
