namespace Meerkat.Fuzz;

/// <summary>One input given to one target, with everything looked at that must hold.</summary>
internal static class Trial
{
    /// <summary>Of the processor's time, per input of up to 64 KiB: what else the machine does is no fault of a parser's.</summary>
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(1);

    /// <summary>What goes wrong with this input; nothing when all holds.</summary>
    /// <param name="target">Reads it.</param>
    /// <param name="input">Any bytes.</param>
    /// <param name="mustBeAccepted">It was generated, and not spoiled.</param>
    /// <param name="timed">Whether slowness counts; a slow input is tried again before it does.</param>
    public static string? Run(Target target, byte[] input, bool mustBeAccepted, bool timed)
    {
        try
        {
            var took = Look(target, input, mustBeAccepted);
            if (timed && took > MostTime && Look(target, input, mustBeAccepted) is var again && again > MostTime)
            {
                return FormattableString.Invariant($"slow: {again.TotalSeconds:0.0} s for {input.Length} bytes, twice; at most {MostTime.TotalSeconds:0} s");
            }
            return null;
        }
        catch (FindingException finding)
        {
            return finding.Message;
        }
        catch (Exception fault)
        {
            return $"an exception that no refusal is: {fault}";
        }
    }

    private static TimeSpan Look(Target target, byte[] input, bool mustBeAccepted)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var begun = Environment.CpuUsage.TotalTime;
        var parsed = target.Parse(input);
        var took = Environment.CpuUsage.TotalTime - begun;
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        FindingException.Unless(
            allocated <= target.Memory.Of(input.Length),
            $"memory: {allocated} bytes allocated for {input.Length} bytes of input, at most {target.Memory.Of(input.Length)}");
        FindingException.Unless(!mustBeAccepted || target.Accepted(parsed), "a valid input was refused");
        target.Examine(input, parsed);
        return took;
    }
}
