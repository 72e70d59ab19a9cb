namespace Meerkat.Core.Boot;

/// <summary>What to do, and the rule that says so.</summary>
public readonly record struct BootDecision(BootAction Action, BootRule Rule)
{
    public static BootDecision Run(BootRule rule) => new(BootAction.Run, rule);

    public static BootDecision StartTrial(BootRule rule) => new(BootAction.StartTrial, rule);

    public static BootDecision FallBack(BootRule rule) => new(BootAction.FallBack, rule);

    public static BootDecision Recover(BootRule rule) => new(BootAction.Recover, rule);
}
