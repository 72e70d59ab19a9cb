using Meerkat.Core.Settings;

namespace Meerkat.Tool.Doctor;

/// <summary>Whether all configuration files of the running slot count.</summary>
internal static class SettingsCheck
{
    public const string Name = "settings";

    public static IReadOnlyList<Finding> Judge(IEnumerable<ConfigProblem> problems)
    {
        var findings = problems
            .Where(problem => problem.Kind != ConfigProblemKind.Denied)
            .Select(problem => new Finding(Name, FindingState.Warning, problem.ToString(), "correct or remove it; until then it does not count"))
            .ToList();
        return findings.Count > 0 ? findings : [new Finding(Name, FindingState.Ok, "every configuration file counts")];
    }
}
