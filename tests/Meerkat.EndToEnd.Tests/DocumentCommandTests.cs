using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>
/// Every command that a document shows is typed as it stands there, by bash, in a machine of its own as far as addresses, processes and
/// temporary files go. A reader's pause is kept: between two blocks the device is waited for.
/// </summary>
public sealed partial class DocumentCommandTests
{
    private const string Fence = "```";

    /// <summary>A device with the sample firmware on the addresses that the documents name, and a bundle at hand.</summary>
    private const string WithADevice = """
        mkdir -m 755 /tmp/there && cd /tmp/there
        cp "$REPO/samples/thermostat/build/fw.zip" .
        meerkat device init /tmp/there/device "$REPO/samples/thermostat/build/thermostat-1.0.0.zip" --set boot.ready_after=1
        meerkat-boot /tmp/there/device &
        """;

    /// <summary>
    /// Where the commands of each document run. What a machine for tests has not is stood in for, in sight: installing packages
    /// (Meerkat.Packaging.Tests does that), and systemd as process 1.
    /// </summary>
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["README.md"] = """
            cd "$REPO"
            # The test of all tests cannot run itself. The solution is built already, and here is no network to restore packages from.
            ./test() { grep -q 'N passed, N failed' test; }
            built_already
            packaging/build-deb() { command test -x "$REPO/packaging/build-deb" && test "$*" = all; }
            # Somebody's own program and files, and a bundle on a device.
            before_block() {
              if [ -n "${1:-}" ]; then
                mkdir -p /tmp/own/my-files; cd /tmp/own
                cp "$REPO/samples/hello-sh/hello.sh" my-program; cp "$REPO/samples/thermostat/build/fw.zip" .
              fi
            }
            """,
        ["docs/performance.md"] = """
            cd "$REPO"
            built_already
            # The same benches, with less to do; so little that their verdicts mean nothing, but not their tables.
            bench/install() { { "$REPO/bench/install" --size 4 -n 1 || true; } | grep 'way .*wall.*limit'; }
            bench/boot() { { "$REPO/bench/boot" --files 20 -n 1 || true; } | grep 'decision to firmware'; }
            bench/endurance() { { "$REPO/bench/endurance" -n 10 || true; } | grep 'open descriptors'; }
            """,
        ["docs/operating.md"] = WithADevice,
        ["docs/access.md"] = WithADevice,
        ["docs/update-states.md"] = WithADevice,
        ["docs/signing.md"] = WithADevice,
        ["docs/reliability.md"] = "",
        ["docs/configuration.md"] = WithADevice,
        ["docs/health.md"] = WithADevice + "\nuntil curl -sf http://127.0.0.1:8080/healthz; do sleep 0.1; done",
        ["docs/polling.md"] = WithADevice + "\nuntil curl -sf http://127.0.0.1:8080/healthz; do sleep 0.1; done",
        ["docs/transports.md"] = WithADevice + "\nuntil curl -sf http://127.0.0.1:8080/healthz && test -e /tmp/there/device/run/agent.sock; do sleep 0.1; done",
        ["docs/rpc.md"] = WithADevice + "\nuntil curl -sf http://127.0.0.1:8080/healthz; do sleep 0.1; done; meerkat config set thermostat.target=19 --port http://127.0.0.1:8080",
    };

    /// <summary>Documents whose commands another test runs, and which.</summary>
    private static readonly Dictionary<string, string> Elsewhere = new()
    {
        ["packaging/container/README.md"] = "packaging/container/check builds and starts the image's tree without a container engine",
        ["docs/reliability-endurance.md"] = "EnduranceTests and HostileDiskTests are the same runs, shorter",
        ["docs/mqtt.md"] = "the tests in Mqtt do the same with a broker of their own",
        ["docs/reliability-strace.md"] = "SystemCallTests is what it shows",
        ["docs/reliability-fuzzing.md"] = "Meerkat.Fuzz.Tests does the same with fewer inputs",
        ["src/Meerkat.Agent/README.md"] = "Meerkat.Embedding.Tests publishes, bundles and updates such an application",
    };

    public static TheoryData<string> Documents => [.. Settings.Keys];

    [Theory]
    [MemberData(nameof(Documents))]
    public async Task CommandsOfTheDocument_DoWhatTheySay(string document)
    {
        Assert.SkipUnless(DeviceUnderTest.IsRoot, "only root makes name spaces here");
        Assert.SkipUnless(File.Exists("/sbin/ip") || File.Exists("/bin/ip"), "iproute2 is not installed");
        Assert.SkipUnless(
            document != "docs/performance.md" || File.Exists(Path.Combine(Repository.Root, "artifacts/meerkat")),
            "./build has not made the native programs");
        Assert.SkipUnless(document != "docs/signing.md" || File.Exists("/usr/bin/openssl"), "openssl is not installed");
        var script = new StringBuilder(Prelude).AppendLine(Settings[document]);
        foreach (var block in Blocks(document))
        {
            script.AppendLine(CultureInfo.InvariantCulture, $"pause {(OfTheReader().IsMatch(block) ? "own" : "")}");
            script.AppendLine(block);
        }
        script.AppendLine("echo 'all of it'");
        var run = await RunAsync(script.ToString());
        Assert.True(run.ExitCode == 0 && run.Output.EndsWith("all of it\n", StringComparison.Ordinal), $"{document}\n{run.Error}\n{run.Output}");
    }

    [Fact]
    public void EveryDocumentWithCommands_IsRunHereOrElsewhere() => Assert.Equal(
        Settings.Keys.Concat(Elsewhere.Keys).Order(),
        Directory.EnumerateFiles(Repository.Root, "*.md", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Repository.Root, path))
            .Where(path => !path.Split('/').Any(part => part is "bin" or "obj" or "artifacts" or "build" or ".git"))
            .Where(path => Blocks(path).Count > 0)
            .Order());

    private const string Prelude = """
        set -euo pipefail
        ip link set lo up
        # A /tmp of its own, with the repository in it where that is its place.
        mount -t tmpfs tmpfs /mnt
        mkdir /mnt/repo
        mount --rbind "$REPO" /mnt/repo
        mount -t tmpfs tmpfs /tmp
        chmod 1777 /tmp
        if [ ! -e "$REPO" ]; then mkdir -p "$REPO"; mount --rbind /mnt/repo "$REPO"; fi
        export HOME=/tmp PATH="$REPO/bin/meerkat:$REPO/bin/meerkat-boot:$PATH"
        sudo() { "$@"; }
        apt() { test "$1" = install; }
        systemctl() { test "$1" = start -a -f "$REPO/packaging/systemd/$2.service"; }
        journalctl() { case "$*" in *MEERKAT_*) return 0 ;; esac; return 1; }
        # What would go on for ever is ended as a reader ends it.
        meerkat() {
          case "$*" in
            *--follow*|watch\ *) timeout --preserve-status -s INT 3 "$REPO/bin/meerkat/meerkat" "$@" ;;
            device\ init\ ROOT*) "$REPO/bin/meerkat/meerkat" device init /tmp/root "${@:4}" ;;
            device\ init\ /var/lib/meerkat*) "$REPO/bin/meerkat/meerkat" device init /tmp/var "${@:4}" ;;
            # The whole search is Meerkat.Simulator.Tests' own; here are a few lives.
            simulate|simulate\ --cuts\ 2*) "$REPO/bin/meerkat/meerkat" simulate --cuts 0 --lives 2 ;;
            doctor) "$REPO/bin/meerkat/meerkat" doctor /tmp/there/device || true ;;
            *) "$REPO/bin/meerkat/meerkat" "$@" ;;
          esac
        }
        before_block() { :; }
        # Stands in for building what is built, where there is no network to restore packages from.
        built_already() {
          export DOTNET_ROOT="$(dirname "$(readlink -f "$(command -v dotnet)")")"
          mkdir /tmp/stand-in
          printf '#!/bin/sh\ntest "$1" = build -a -f "$2"\n' >/tmp/stand-in/dotnet
          chmod +x /tmp/stand-in/dotnet
          PATH="/tmp/stand-in:$PATH"
        }
        pause() {
          if jobs -r | grep -q meerkat-boot; then until curl -sf http://127.0.0.1:8080/healthz >/dev/null; do sleep 0.1; done; fi
          if jobs -r | grep -q 'meerkat serve'; then until curl -s http://127.0.0.1:9000/ >/dev/null; do sleep 0.1; done; fi
          before_block "$@"
        }

        """;

    private static async Task<CommandRun> RunAsync(string script)
    {
        var start = new ProcessStartInfo(
            "unshare", ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-s"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["REPO"] = Repository.Root;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(script);
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return new CommandRun(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            return new CommandRun(-1, await output, "not ended within 5 minutes\n" + await error);
        }
    }

    /// <summary>Blocks that speak of files of the reader's own.</summary>
    [GeneratedRegex(@"my-program|init /var/lib/meerkat")]
    private static partial Regex OfTheReader();

    /// <summary>The blocks of a document that are marked as bash.</summary>
    private static List<string> Blocks(string document)
    {
        var blocks = new List<string>();
        StringBuilder? block = null;
        foreach (var line in File.ReadLines(Path.Combine(Repository.Root, document)))
        {
            if (block is not null && line == Fence)
            {
                blocks.Add(block.ToString());
                block = null;
            }
            else if (block is not null)
            {
                block.AppendLine(line);
            }
            else if (line == Fence + "bash")
            {
                block = new StringBuilder();
            }
        }
        return blocks;
    }
}
