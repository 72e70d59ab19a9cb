namespace Meerkat.Tool.Tests;

public sealed class PasswdTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("mkpasswd").FullName;

    private string File => Path.Combine(folder, "pw.txt");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Passwords_AreSetBesideEachOtherAndReplaced()
    {
        Assert.Equal(0, (await RunAsync("secret\\n", "admin")).ExitCode);
        Assert.Equal(0, (await RunAsync("secret\\n", "admin", "--md5")).ExitCode);
        Assert.Equal(0, (await RunAsync("old\\n", "bob", "--realm", "my devices")).ExitCode);
        var run = await RunAsync("new\\n", "bob", "--realm", "my devices");
        Assert.Contains("bob of realm my devices has a password (SHA-256)", run.Output);

        Assert.Equal(
            [
                "admin:RPC:0b19af53019667137bfba42cc23c38df04daaa77ee3b8b603b89babd4658d899",
                "admin:RPC:cf685a4a101de8b1eec42ddc7c7efcf0",
                "bob:my devices:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("bob:my devices:new"u8)),
            ],
            System.IO.File.ReadAllLines(File));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));

        Assert.Equal(0, (await RunAsync("", "admin", "--remove")).ExitCode);
        Assert.Single(System.IO.File.ReadAllLines(File));
        Assert.Equal(1, (await RunAsync("", "admin", "--remove")).ExitCode);
    }

    [Theory]
    [InlineData("", "admin", "standard input must give one line")]
    [InlineData("secret\\n", "ad:min", "text without colons")]
    [InlineData("secret\\n", "", "text without colons")]
    public async Task WhatCannotBe_ChangesNothing(string input, string user, string error)
    {
        var run = await RunAsync(input, user);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(error, run.Error);
        Assert.False(System.IO.File.Exists(File));
    }

    private Task<ToolProcess> RunAsync(string input, params string[] arguments) => ToolProcess.RunScriptAsync(
        $"printf '{input}' | \"$0\" passwd '{File}' {string.Join(' ', arguments.Select(word => $"'{word}'"))}");
}
