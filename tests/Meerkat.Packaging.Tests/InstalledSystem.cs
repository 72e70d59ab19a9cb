using System.Diagnostics;
using System.Globalization;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.Packaging.Tests;

/// <summary>
/// A Debian system with systemd as its process 1, in namespaces of its own: packages are installed into it by dpkg, services
/// are started and watched by systemd, and nothing of it reaches the machine that the tests run on.
/// </summary>
internal sealed class InstalledSystem : IAsyncDisposable
{
    public const string Device = "/var/lib/meerkat";
    public const string Address = "http://127.0.0.1:8080";

    private static readonly string[] Programs = ["unshare", "nsenter", "dpkg", "ip"];

    private readonly Process outside;
    private readonly string folder;
    private string inside = "";

    private InstalledSystem(Process outside, string folder)
    {
        this.outside = outside;
        this.folder = folder;
    }

    /// <summary>Why there can be no such system here; empty when there can.</summary>
    public static async Task<string> ImpossibleAsync()
    {
        if (!DeviceUnderTest.IsRoot)
        {
            return "only root can mount";
        }
        if (Programs.FirstOrDefault(program => !File.Exists("/usr/bin/" + program) && !File.Exists("/usr/sbin/" + program)) is { } missing)
        {
            return missing + " is not installed";
        }
        if (!File.Exists("/lib/systemd/systemd"))
        {
            return "systemd is not installed";
        }
        var folder = Directory.CreateTempSubdirectory("meerkat-").FullName;
        var run = await CommandRun.RunAsync("unshare", "--mount", "sh", "-c",
            $"mount -t tmpfs tmpfs {folder} && cd {folder} && mkdir u w m && mount -t overlay overlay -o lowerdir=/,upperdir=u,workdir=w m"
            + " && mount -t cgroup2 cgroup2 m/sys");
        Directory.Delete(folder);
        return run.ExitCode == 0 ? "" : "no namespaces, overlay or control groups here: " + run.Error.Trim();
    }

    public static async Task<InstalledSystem> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("meerkat-").FullName;
        string[] words =
        [
            "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child", "--mount-proc",
            Path.Combine(Repository.Root, "tests/Meerkat.Packaging.Tests/start-system"), folder,
        ];
        var outside = new Process
        {
            StartInfo = new ProcessStartInfo("unshare", words) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        outside.Start();
        var said = outside.StandardError.ReadToEndAsync();
        _ = outside.StandardOutput.ReadToEndAsync();
        var system = new InstalledSystem(outside, folder);
        try
        {
            await Eventually.HoldsAsync("systemd has started", async () =>
            {
                Assert.False(outside.HasExited, outside.HasExited ? await said : "");
                system.inside = (await File.ReadAllTextAsync($"/proc/{outside.Id}/task/{outside.Id}/children")).Trim();
                return system.inside.Length > 0
                    && (await system.RunAsync("systemctl", "is-system-running")).Output.Trim() is "running" or "degraded";
            });
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a program in the system to its end.</summary>
    public Task<CommandRun> RunAsync(params string[] command) => CommandRun.RunAsync("nsenter",
        ["-t", inside, "-m", "-p", "-n", "-u", "-i", "-C", "chroot", folder + "/root", .. command]);

    /// <summary>Runs a program that must end with 0; what it printed, without the last line's end.</summary>
    public async Task<string> OutputAsync(params string[] command)
    {
        var run = await RunAsync(command);
        Assert.True(run.ExitCode == 0, $"{string.Join(' ', command)}\n{run.Output}\n{run.Error}\n{await LogAsync()}");
        return run.Output.TrimEnd('\n');
    }

    public Task<string> ShellAsync(string script) => OutputAsync("sh", "-ec", script);

    /// <summary>Puts a file into the system, at a path that must not be there.</summary>
    public Task PutAsync(string path, byte[] content) => CopyAsync(path, async copy => await File.WriteAllBytesAsync(copy, content));

    public Task PutAsync(string path, string file) => CopyAsync(path, copy =>
    {
        File.Copy(file, copy);
        return Task.CompletedTask;
    });

    /// <summary>Installs packages as an administrator does; what dpkg and the packages' scripts said.</summary>
    public async Task<string> InstallAsync(params string[] packages)
    {
        var names = new List<string>();
        foreach (var package in packages)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"/packages/{Guid.CreateVersion7():N}.deb");
            await PutAsync(name, package);
            names.Add(name);
        }
        return await OutputAsync(["dpkg", "-i", .. names]);
    }

    /// <summary>Makes the device from a firmware, and starts the service.</summary>
    public async Task ProvisionAsync(TestFirmware firmware, params string[] pins)
    {
        await PutAsync("/packages/factory.zip", firmware.Bundle());
        string[] usual = ["boot.ready_after=1", "boot.settle=1", "boot.stop_timeout=1"];
        await OutputAsync(
            ["meerkat", "device", "init", Device, "/packages/factory.zip", .. usual.Concat(pins).SelectMany(pin => (string[])["--set", pin])]);
        await OutputAsync("systemctl", "start", "meerkat");
    }

    public async Task<string> ShowAsync(string property) => await OutputAsync("systemctl", "show", "meerkat", "-p", property, "--value");

    public Task<string> StateAsync() => OutputAsync("meerkat-boot", "--state", Device);

    public async Task<string> StatusAsync()
    {
        var run = await RunAsync("meerkat", "status", "--json", "--port", Address);
        return run.ExitCode == 0 ? run.Output : "";
    }

    public Task RunsAsync(string version, bool committed) => Eventually.HoldsAsync($"{version} runs, committed {committed}", async () =>
        await StatusAsync() is { Length: > 0 } text
        && System.Text.Json.Nodes.JsonNode.Parse(text)!["status"] is { } status
        && (string?)status["version"] == version && (bool)status["is_committed"]! == committed);

    /// <summary>The boot loader's lines in the journal.</summary>
    public async Task<string> LogAsync() => (await RunAsync("journalctl", "--no-pager", "-o", "cat", "-u", "meerkat")).Output;

    public async ValueTask DisposeAsync()
    {
        if (!outside.HasExited)
        {
            outside.Kill();
        }
        await outside.WaitForExitAsync();
        outside.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task CopyAsync(string path, Func<string, Task> write)
    {
        var copy = Path.GetTempFileName();
        File.Delete(copy);
        await write(copy);
        var run = await CommandRun.RunAsync(
            "sh", "-c", $"nsenter -t {inside} -m -p sh -c 'cat >{folder}/root{path}' <{copy}");
        File.Delete(copy);
        Assert.True(run.ExitCode == 0, run.Error);
    }
}
