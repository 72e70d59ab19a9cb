namespace Meerkat.Tool.Doctor;

/// <summary>What a check found.</summary>
/// <param name="Check">What was looked at, one or two words.</param>
/// <param name="State">How bad it is.</param>
/// <param name="Text">What was found.</param>
/// <param name="Advice">What to do; empty when nothing is to be done.</param>
internal sealed record Finding(string Check, FindingState State, string Text, string Advice = "");
