namespace Meerkat.Core.Values;

/// <summary>One of the two slots, 0 or 1.</summary>
public readonly record struct SlotId
{
    public static readonly SlotId Zero = new(0);
    public static readonly SlotId One = new(1);

    /// <exception cref="ArgumentOutOfRangeException"><paramref name="number"/> is neither 0 nor 1.</exception>
    public SlotId(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, 1);
        Number = number;
    }

    public int Number { get; }

    public SlotId Other => new(1 - Number);

    public override string ToString() => Number == 0 ? "0" : "1";
}
