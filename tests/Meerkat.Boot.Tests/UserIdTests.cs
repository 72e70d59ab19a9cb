using Meerkat.Boot.Posix;

namespace Meerkat.Boot.Tests;

public sealed class UserIdTests
{
    [Theory]
    [InlineData("root", 0, 0)]
    [InlineData("0", 0, 0)]
    [InlineData("12345", 12345, 12345)]
    [InlineData("12345:54321", 12345, 54321)]
    [InlineData("root:54321", 0, 54321)]
    [InlineData("12345:root", 12345, 0)]
    [InlineData("root:", 0, 0)]
    public void NameOrNumber_IsResolved(string text, uint user, uint group) =>
        Assert.Equal(new UserId(user, group), UserId.Resolve(text));

    [Fact]
    public void NoName_IsWhoeverRunsThis() => Assert.Equal(UserId.Current, UserId.Resolve(""));

    [Theory]
    [InlineData("no-such-user", "there is no user 'no-such-user' in /etc/passwd; name one, or give numbers: 65534:65534")]
    [InlineData("-1", "there is no user '-1' in /etc/passwd; name one, or give numbers: 65534:65534")]
    [InlineData(":0", "there is no user '' in /etc/passwd; name one, or give numbers: 65534:65534")]
    [InlineData("4294967296", "there is no user '4294967296' in /etc/passwd; name one, or give numbers: 65534:65534")]
    [InlineData("root:no-such-group", "there is no group 'no-such-group' in /etc/group; name one, or give its number")]
    public void NobodyOfThatName_IsToldWithWhatToDo(string text, string expected) =>
        Assert.Equal(expected, Assert.Throws<FormatException>(() => UserId.Resolve(text)).Message);
}
