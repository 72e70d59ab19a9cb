using Meerkat.Core.Boot;
using Meerkat.Storage;

namespace Meerkat.Simulator.Sabotages;

/// <summary>The boot record's files, for faults that know them.</summary>
internal static class RecordFiles
{
    private const string First = "boot/record.0";
    private const string Second = "boot/record.1";
    private const int MostBytes = 64 * 1024;

    public static bool IsRecord(string path) => path is First or Second;

    public static string Other(string path) => path == First ? Second : First;

    public static BootRecord? Read(IVolume medium, string path) =>
        BootRecordCodec.Decode(medium.ReadSmall(path, MostBytes)) is BootRecordCopy.Valid valid ? valid.Record : null;

    public static BootRecord? Decode(ReadOnlySpan<byte> bytes) =>
        BootRecordCodec.Decode(bytes) is BootRecordCopy.Valid valid ? valid.Record : null;

    /// <summary>Writes a copy and flushes it.</summary>
    public static void Write(IVolume medium, string path, byte[] bytes)
    {
        using var file = medium.OpenWrite(path);
        file.Write(bytes, 0);
        file.Flush();
    }
}
