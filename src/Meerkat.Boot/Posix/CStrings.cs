using System.Runtime.InteropServices;

namespace Meerkat.Boot.Posix;

/// <summary>A NULL-ended array of C strings, as exec and spawn take it.</summary>
internal sealed unsafe class CStrings : IDisposable
{
    private readonly byte** pointers;
    private readonly int count;

    public CStrings(IReadOnlyCollection<string> texts)
    {
        count = texts.Count;
        pointers = (byte**)NativeMemory.AllocZeroed((nuint)(count + 1), (nuint)sizeof(byte*));
        var index = 0;
        foreach (var text in texts)
        {
            pointers[index++] = (byte*)Marshal.StringToCoTaskMemUTF8(text);
        }
    }

    public byte** Pointers => pointers;

    public void Dispose()
    {
        for (var index = 0; index < count; index++)
        {
            Marshal.FreeCoTaskMem((nint)pointers[index]);
        }
        NativeMemory.Free(pointers);
    }
}
