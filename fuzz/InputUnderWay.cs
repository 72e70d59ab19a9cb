using System.IO.MemoryMappedFiles;

namespace Meerkat.Fuzz;

/// <summary>
/// The input that is being tried, in a file that is still there when the process has died of it (a stack that is full ends a .NET
/// process at once), and a watch that ends the process when the input has been under way for too long.
/// </summary>
internal sealed class InputUnderWay : IDisposable
{
    private static readonly TimeSpan HangAfter = TimeSpan.FromSeconds(60);

    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;
    private readonly Timer watch;
    private long counted;
    private long lastSeen = -1;

    public InputUnderWay(string target)
    {
        Directory.CreateDirectory(Corpus.FindingsFolder);
        FilePath = Path.Combine(Corpus.FindingsFolder, $"{target}-under-way");
        file = MemoryMappedFile.CreateFromFile(FilePath, FileMode.Create, null, sizeof(int) + Target.MostBytes);
        view = file.CreateViewAccessor();
        watch = new Timer(_ => Watch(), null, HangAfter, HangAfter);
    }

    public string FilePath { get; }

    /// <summary>What a file made here holds: a length, then the input.</summary>
    public static byte[] Read(byte[] content) => content[sizeof(int)..(sizeof(int) + BitConverter.ToInt32(content))];

    public void Begin(byte[] input)
    {
        Interlocked.Increment(ref counted);
        view.Write(0, input.Length);
        view.WriteArray(sizeof(int), input, 0, input.Length);
    }

    public void Dispose()
    {
        watch.Dispose();
        view.Dispose();
        file.Dispose();
        File.Delete(FilePath);
    }

    private void Watch()
    {
        var now = Interlocked.Read(ref counted);
        if (now == lastSeen)
        {
            Environment.FailFast($"the input in {FilePath} has been under way for more than {HangAfter.TotalSeconds:0} s");
        }
        lastSeen = now;
    }
}
