using System.CommandLine;
using System.Reflection;

namespace Meerkat.Bench;

/// <summary>What all benches share: options, the programs, and a work directory that is gone afterwards.</summary>
internal sealed class Bench : IDisposable
{
    public static readonly Option<string?> DirOption = new("--dir")
    {
        Description = "Where to work, on the medium that is to be measured. Default: the directory for temporary files",
    };

    public static readonly Option<string?> ProgramsOption = new("--programs")
    {
        Description = "Directory with meerkat, meerkat-boot and meerkat-agent. Default: artifacts, which ./build fills",
    };

    public static readonly Option<bool> JsonOption = new("--json") { Description = "Print the result as JSON" };

    private readonly string programs;

    public Bench(ParseResult parsed)
    {
        programs = Path.GetFullPath(parsed.GetValue(ProgramsOption) ?? Path.Combine(Repository, "artifacts"));
        Json = parsed.GetValue(JsonOption);
        foreach (var name in (string[])["meerkat", "meerkat-boot", "meerkat-agent"])
        {
            if (!File.Exists(Program(name)))
            {
                throw new BenchException($"{Program(name)} is not there; make it with ./build");
            }
        }
        var parent = Path.GetFullPath(parsed.GetValue(DirOption) ?? Path.GetTempPath());
        Folder = Path.Combine(parent, $"meerkat-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(Folder);
        // The firmware's user must be able to enter it.
        File.SetUnixFileMode(Folder, (UnixFileMode)0b111_101_101);
    }

    public static string Repository { get; } = typeof(Bench).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepoRoot").Value!;

    public string Folder { get; }

    public bool Json { get; }

    public string Program(string name) => Path.Combine(programs, name);

    public string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>One line that is overwritten, or on a terminal that is none, one line each.</summary>
    public static void Progress(string text)
    {
        if (Console.IsErrorRedirected)
        {
            Console.Error.WriteLine(text);
        }
        else
        {
            Console.Error.Write($"\r{text}\u001b[K");
        }
    }

    public static void EndProgress()
    {
        if (!Console.IsErrorRedirected)
        {
            Console.Error.Write("\r\u001b[K");
        }
    }

    /// <summary>Compiles one of the C programs beside this file; the path of the program.</summary>
    public async Task<string> CompileAsync(string name, params string[] libraries)
    {
        var target = PathOf(name);
        await Run.CheckedAsync(
            "cc", ["-O2", "-o", target, Path.Combine(Repository, "bench", name + ".c"), .. libraries.Select(library => "-l" + library)]);
        return target;
    }

    /// <summary>Makes a bundle with the tool; the path of the bundle.</summary>
    public async Task<string> BundleAsync(string image, string? files, string version)
    {
        var target = PathOf($"fw-{version}.zip");
        await Run.CheckedAsync(Program("meerkat"),
            ["bundle", "create", "-o", target, "--app", image, .. files is null ? [] : (string[])["--fs", files], "--name", "bench", "--version", version]);
        return target;
    }

    public void Dispose()
    {
        EndProgress();
        Directory.Delete(Folder, recursive: true);
    }
}
