using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.Packaging.Tests;

public sealed class ManPageTests
{
    [Fact]
    public async Task PageOfTheTool_IsItsHelp()
    {
        var file = Path.Combine(Repository.Root, ManPage.Path);
        var made = await ManPage.OfToolAsync();
        if (Environment.GetEnvironmentVariable("MEERKAT_UPDATE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(file, made);
            return;
        }
        Assert.True(
            made == await File.ReadAllTextAsync(file),
            $"{ManPage.Path} is not what the tool's help says. Set MEERKAT_UPDATE_DOCS=1 and run this test again.");
    }

    [Fact]
    public async Task PageOfTheTool_HasEveryCommandAndOption()
    {
        var page = Plain("meerkat.1");
        var commands = await ManPage.CommandsAsync([]);
        Assert.Contains(commands, command => command is ["bundle", "create"]);
        foreach (var command in commands)
        {
            Assert.Contains(string.Join(' ', command.Prepend("meerkat")), page, StringComparison.Ordinal);
            var options = ManPage.Options(await ManPage.HelpAsync(command)).ToList();
            Assert.Contains("--help", options);
            Assert.All(options, option => Assert.Contains(option, page, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("meerkat-boot")]
    [InlineData("meerkat-agent")]
    public async Task PageOfAProgram_HasEveryOptionAndExitCodeOfItsHelp(string program)
    {
        var page = Plain(program + ".8");
        var help = (await CommandRun.RunAsync(Repository.Program(program), "--help")).Output;
        var options = help.Split([' ', '\n']).Where(word => word.StartsWith("--", StringComparison.Ordinal)).ToList();
        Assert.Contains("--version", options);
        Assert.All(options, option => Assert.Contains(option, page, StringComparison.Ordinal));
        var codes = help[(help.IndexOf("Exit codes: ", StringComparison.Ordinal) + "Exit codes: ".Length)..];
        Assert.Contains(Words(codes), Words(page), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("meerkat.1")]
    [InlineData("meerkat-boot.8")]
    [InlineData("meerkat-agent.8")]
    public async Task Page_IsReadByTheManualsProgramWithoutAWarning(string page)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/groff"), "groff is not installed");
        var run = await CommandRun.RunAsync(
            "groff", "-man", "-Tutf8", "-ww", "-Kutf8", "-rLL=400n", Path.Combine(Repository.Root, "packaging/man", page));
        Assert.True(run.ExitCode == 0 && run.Error.Length == 0, run.Error);
        Assert.Contains("meerkat", run.Output, StringComparison.Ordinal);
    }

    private static string Plain(string page) => File.ReadAllText(Path.Combine(Repository.Root, "packaging/man", page))
        .Replace("\\-", "-", StringComparison.Ordinal);

    private static string Words(string text) => string.Join(' ', text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
}
