namespace Meerkat.Fuzz;

/// <summary>What a parser may allocate in all for one input, garbage included: more than it ever holds at once.</summary>
/// <param name="FixedBytes">Whatever the input.</param>
/// <param name="FactorPerByte">For each byte of the input, on top.</param>
internal readonly record struct MemoryBound(long FixedBytes, int FactorPerByte)
{
    public long Of(int inputBytes) => FixedBytes + (long)FactorPerByte * inputBytes;
}
