using Meerkat.Core.Settings;

namespace Meerkat.Core.Tests.Settings;

public sealed class AclTests
{
    [Theory]
    [InlineData("abc", "abc", true)]
    [InlineData("ABC", "abc", true)]
    [InlineData("abc", "abcd", false)]
    [InlineData("abcd", "abc", false)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?", "a", false)]
    [InlineData("*", "a.b.c", true)]
    [InlineData("*", "", false)]
    [InlineData("*", "a/b", false)]
    [InlineData("**", "a/b", true)]
    [InlineData("ab*", "ab", false)]
    [InlineData("ab*", "abc", true)]
    [InlineData("ab*$", "ab", false)]
    [InlineData("a*b", "ab", true)]
    [InlineData("a*b", "axxb", true)]
    [InlineData("a*b", "ax/b", false)]
    [InlineData("a**b", "ax/b", true)]
    [InlineData("abc$", "abc", true)]
    [InlineData("x|abc|y", "abc", true)]
    [InlineData("a|ab", "ab", true)]
    [InlineData("wifi.*", "wifi.ap.ssid", true)]
    [InlineData("wifi.*", "wifi", false)]
    [InlineData("*.pass", "wifi.ap.pass", true)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    public void Pattern_Matches(string pattern, string text, bool matches) =>
        Assert.Equal(matches, Glob.Matches(pattern, text));

    [Fact]
    public void ManyRuns_TakeNoExponentialTime() =>
        Assert.False(Glob.Matches(string.Concat(Enumerable.Repeat("*a", 50)) + "b", new string('a', 2000)));

    [Theory]
    [InlineData("*", "any.key", true)]
    [InlineData("", "any.key", false)]
    [InlineData("wifi.*,mqtt.server", "mqtt.server", true)]
    [InlineData("wifi.*,mqtt.server", "mqtt.pass", false)]
    [InlineData("-update.*,*", "update.url", false)]
    [InlineData("-update.*,*", "http.enable", true)]
    [InlineData("*,-update.*", "update.url", true)]
    [InlineData("+a, -b, *", "b", false)]
    [InlineData("-*", "a", false)]
    public void FirstEntryThatMatches_Decides(string list, string key, bool allowed) =>
        Assert.Equal(allowed, ConfigAcl.Allows(list, key));
}
