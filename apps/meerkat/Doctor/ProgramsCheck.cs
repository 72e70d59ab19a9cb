namespace Meerkat.Tool.Doctor;

/// <summary>Whether boot loader and agent are there, and of one version; also of what runs.</summary>
internal static class ProgramsCheck
{
    public const string Name = "programs";

    /// <param name="own">Version of this tool.</param>
    /// <param name="programs">Boot loader and agent.</param>
    /// <param name="running">Version of the boot loader that runs; none when none does.</param>
    public static IEnumerable<Finding> Judge(string own, IReadOnlyCollection<InstalledProgram> programs, string? running)
    {
        foreach (var program in programs)
        {
            yield return program switch
            {
                { Path: "" } => new Finding(
                    Name, FindingState.Problem, $"{program.Name} is not there", "install the package meerkat-device"),
                { Version: "" } => new Finding(
                    Name, FindingState.Problem, $"{program.Path} does not run", "install it anew, for this machine's processor"),
                _ when program.Version != own => new Finding(
                    Name, FindingState.Warning, $"{program.Path} is {program.Version}, this tool {own}", "install one version of all packages"),
                _ => new Finding(Name, FindingState.Ok, $"{program.Path} {program.Version}"),
            };
        }
        var loader = programs.FirstOrDefault(program => program.Name == "meerkat-boot");
        if (running is not null && loader is { Version.Length: > 0 } && loader.Version != running)
        {
            yield return new Finding(
                Name, FindingState.Warning, $"the boot loader that runs is {running}, the installed one {loader.Version}",
                "when no update is on its way: systemctl restart meerkat");
        }
    }
}
