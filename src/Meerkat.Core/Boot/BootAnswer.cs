namespace Meerkat.Core.Boot;

/// <summary>What a request got. The record it speaks of is durable before the answer is given.</summary>
public sealed record BootAnswer(BootRefusal Refusal, string Text, ulong Sequence)
{
    public bool Done => Refusal == BootRefusal.None;
}
