using System.Globalization;

namespace Meerkat.Core.Boot;

/// <summary>How a process ended.</summary>
/// <param name="Code">Its exit code, when no signal ended it.</param>
/// <param name="Signal">The signal that ended it, or 0.</param>
public readonly record struct ExitStatus(int Code, int Signal)
{
    public override string ToString() => Signal == 0
        ? string.Create(CultureInfo.InvariantCulture, $"exit code {Code}")
        : string.Create(CultureInfo.InvariantCulture, $"signal {Signal} ({SignalName.Of(Signal)})");
}
