using System.Text;
using Meerkat.Core.Bundles;
using Meerkat.Core.Tests.Bundles;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>A firmware in a few lines of shell, and the bundle that brings it.</summary>
internal sealed record Firmware(string Version)
{
    public const string Platform = "linux-x64";

    /// <summary>Writes down that it started, and then only lives.</summary>
    public const string Good = "exec sleep 100000";

    /// <summary>
    /// Says READY=1, and only then lives. Perl is part of every Debian and Ubuntu; nothing smaller there can send a datagram.
    /// </summary>
    public const string SaysReady = Notify + "; " + Good;

    public const string Notify = """
        perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0); send(S, "READY=1\nWATCHDOG=1", 0, pack_sockaddr_un($ENV{NOTIFY_SOCKET})) or die $!'
        """;

    public string Script { get; init; } = Good;

    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    /// <summary>Members of the file system besides the plain files.</summary>
    public TarMemberBytes[] Members { get; init; } = [];

    public ReadyRule? Ready { get; init; }

    /// <summary>Random bytes behind the script, to make an image that takes a while.</summary>
    public int PaddingBytes { get; init; }

    /// <summary>In place of the script: the image as it is.</summary>
    public byte[]? Image { get; init; }

    public byte[] Bundle()
    {
        var image = Image ?? Encoding.UTF8.GetBytes(
            $"#!/bin/sh\necho \"$MEERKAT_VERSION $MEERKAT_SLOT $MEERKAT_TRIAL\" >>\"$MEERKAT_DATA/starts\"\n{Script}\nexit\n");
        var padding = new byte[PaddingBytes];
        new Random(PaddingBytes).NextBytes(padding);
        byte[] app = [.. image, .. padding];
        var files = TarBytes.Tar([.. Files.Select(file => TarMemberBytes.File(file.Key, file.Value)), .. Members]);
        var recipe = new BundleRecipe("end-to-end", Platform, Version, null,
        [
            new PartRecipe("app", "app", "app", () => new MemoryStream(app)),
            new PartRecipe("fs", "fs", "fs.tar", () => new MemoryStream(files)),
        ])
        {
            Ready = Ready,
        };
        var plan = Assert.IsType<BundlePlanning.Planned>(BundlePlan.Prepare(recipe)).Plan;
        using var bundle = new MemoryStream();
        plan.WriteTo(bundle);
        return bundle.ToArray();
    }
}
