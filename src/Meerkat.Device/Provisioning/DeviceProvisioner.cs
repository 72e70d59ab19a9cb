using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Boot;
using Meerkat.Boot.Posix;
using Meerkat.Core.Access;
using Meerkat.Core.Boot;
using Meerkat.Core.Bundles;
using Meerkat.Core.Settings;
using Meerkat.Core.Values;
using Meerkat.Device.Updates;
using Meerkat.Storage;

namespace Meerkat.Device.Provisioning;

/// <summary>Makes a factory device: slot 0 holds the bundle's firmware, committed; slot 1 is empty.</summary>
public static class DeviceProvisioner
{
    private const int BoardMode = 0x1A4;
    private const int LockMode = 0x1A4;
    private const int RootMode = 0x1ED;
    private const int BlockBytes = 256 * 1024;

    /// <param name="root">A directory that does not exist or is empty.</param>
    /// <param name="bundle">The factory firmware's zip, read once from its start.</param>
    /// <param name="user">Who the firmware runs as: a name, a number, <c>user:group</c>; empty: whoever runs the boot loader.</param>
    /// <param name="embedded">The firmware hosts the agent itself.</param>
    /// <param name="platform">Empty: what the bundle says.</param>
    /// <param name="settings">Pinned above every level of the configuration.</param>
    /// <param name="received">Told how many bytes of the bundle have been read.</param>
    /// <exception cref="ProvisioningException">What is wrong and what to do; nothing is left behind.</exception>
    public static Seal Provision(
        string root, Stream bundle, string user, bool embedded, string platform, JsonObject settings, Action<long> received)
    {
        var existed = Directory.Exists(root);
        if (existed && Directory.EnumerateFileSystemEntries(root).Any())
        {
            throw new ProvisioningException($"{root} is not empty; a device is made in a new or an empty directory");
        }
        if (ConfigPath.TryGet(settings, "http.listen_addr", out var address)
            && ListenAddress.Parse(address?.ToString() ?? "") is ListenAddress.Rejected rejected)
        {
            throw new ProvisioningException(rejected.Reason);
        }
        var owner = Owner(root, user);
        if (embedded && FirmwareUser.IsOther(owner))
        {
            throw new ProvisioningException(
                $"a firmware that hosts the agent writes the other slot, so it must run as the boot loader's own user, not as {user}; "
                + "say --user root when that is meant");
        }
        try
        {
            var full = Path.GetFullPath(root);
            if (Encoding.UTF8.GetByteCount(full) > DeviceRoot.LongestPath)
            {
                throw new ProvisioningException(
                    $"the path {full} is too long: at most {DeviceRoot.LongestPath} bytes, so that sockets below it have names");
            }
            Directory.CreateDirectory(full);
            if (!existed)
            {
                File.SetUnixFileMode(full, (UnixFileMode)RootMode);
            }
            using var volume = new HostVolume(full);
            return Fill(volume, bundle, user, embedded, platform, settings, owner, received);
        }
        catch (Exception fault) when (fault is ProvisioningException or IOException or UnauthorizedAccessException or FormatException)
        {
            Remove(root, existed);
            throw fault as ProvisioningException ?? new ProvisioningException(fault.Message);
        }
    }

    /// <summary>Makes a factory device on an empty volume.</summary>
    internal static Seal Fill(
        IVolume volume,
        Stream bundle,
        string user,
        bool embedded,
        string platform,
        JsonObject settings,
        UserId owner,
        Action<long> received)
    {
        DeviceRoot.MakeDirectories(volume);
        // Here already, so that a device whose medium has since become read-only or full can be started for the first time.
        volume.Create(DeviceRoot.LockPath, LockMode).Dispose();
        volume.SetAttributes(DeviceRoot.DataPath, volume.Find(DeviceRoot.DataPath)!.Value.Attributes with
        {
            User = owner.User,
            Group = owner.Group,
        });
        var slots = new SlotStore(volume);
        using var install = new FactoryInstall(slots, owner, platform);
        using (var reader = new BundleReader(install))
        {
            var block = new byte[BlockBytes];
            long total = 0;
            while (bundle.Read(block) is > 0 and var count)
            {
                total += count;
                received(total);
                Check(reader.Push(block.AsSpan(0, count)), install);
            }
            Check(reader.Complete(), install);
        }
        var seal = install.Complete();
        slots.OpenOnly(SlotId.Zero);
        var board = new JsonObject
        {
            ["format"] = Board.Format,
            ["platform"] = seal.Platform,
            ["user"] = user,
            ["agent"] = embedded ? "embedded" : "separate",
            ["settings"] = settings.DeepClone(),
        };
        volume.Replace(DeviceRoot.BoardPath, ConfigText.Format(board), BoardMode);
        _ = Board.Parse(ConfigText.Format(board));
        var factory = BootTransitions.Factory(
            new SlotRecord(SlotState.Written, seal.Version, seal.Image, seal.ImageBytes, 0));
        slots.MarkCommitted(SlotId.Zero, factory.Slot0.CommitCount);
        new BootRecordStore(volume).Provision(factory);
        volume.FlushDirectory("");
        return seal;
    }

    private static UserId Owner(string root, string user)
    {
        try
        {
            var owner = UserId.Resolve(user);
            return FirmwareUser.Unreachable(root, owner) is { } closed
                ? throw new ProvisioningException(FirmwareUser.Advice(closed, user))
                : owner;
        }
        catch (FormatException fault)
        {
            throw new ProvisioningException(fault.Message);
        }
    }

    private static void Check(BundleProblem? problem, FactoryInstall install)
    {
        if (problem is not null)
        {
            throw new ProvisioningException(install.Refusal ?? problem.Text);
        }
    }

    private static void Remove(string root, bool keepItself)
    {
        if (!Directory.Exists(root))
        {
            return;
        }
        foreach (var entry in new DirectoryInfo(root).EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo directory)
            {
                directory.Delete(recursive: true);
            }
            else
            {
                entry.Delete();
            }
        }
        if (!keepItself)
        {
            Directory.Delete(root);
        }
    }

    /// <summary>Puts a bundle into slot 0 without a boot loader: there is nothing that could run yet.</summary>
    private sealed class FactoryInstall(SlotStore slots, UserId owner, string platform) : IBundleSink, IDisposable
    {
        private BundleHead? head;
        private SlotWriter? writer;
        private CompletedPart? image;
        private string appName = "";

        /// <summary>Why the bundle was refused here; none when the reader itself found the fault.</summary>
        public string? Refusal { get; private set; }

        public bool Manifest(BundleHead found)
        {
            head = found;
            if (platform.Length > 0 && !found.Manifest.RunsOn(platform))
            {
                Refusal = $"Wrong platform: expected {platform}, the bundle is for {found.Manifest.Platform}";
                return false;
            }
            switch (HostParts.Of(found.Manifest))
            {
                case HostParts.Rejected rejected:
                    Refusal = rejected.Reason;
                    return false;
                case HostParts.Found parts:
                    appName = parts.App.Name;
                    writer = new SlotWriter(slots, SlotId.Zero, owner, parts);
                    writer.Begin();
                    return true;
                default:
                    throw new System.Diagnostics.UnreachableException();
            }
        }

        public PartChoice PartBegin(BundlePart part) => writer!.PartBegin(part);

        public bool PartData(ReadOnlySpan<byte> data) => GoesOn(writer!.PartData(data));

        public bool PartEnd(CompletedPart part)
        {
            image = part.Name == appName ? part : image;
            return GoesOn(writer!.PartEnd());
        }

        public void End()
        {
            // The seal is written by Complete, once the reader has seen the end of its input.
        }

        public Seal Complete()
        {
            writer!.Seal(head!.Manifest, head.ManifestBytes.Span, image!);
            return slots.ReadSeal(SlotId.Zero)!;
        }

        public void Dispose() => writer?.Dispose();

        private bool GoesOn(BundleProblem? problem)
        {
            Refusal = problem?.Text ?? Refusal;
            return problem is null;
        }
    }
}
