using System.Text;
using Meerkat.Core.Boot;

namespace Meerkat.Core.Tests.Boot;

public sealed class BoardTests
{
    [Fact]
    public void SmallestBoard_HasTheDefaults()
    {
        var board = Parse("""{"format": 1, "platform": "linux-x64"}""");
        Assert.Equal(
            ("linux-x64", "", false, "", 1L << 20, "{}", new SupervisionSettings()),
            (board.Platform, board.User, board.AgentEmbedded, board.AgentProgram, board.ReserveBytes,
                board.Settings.ToJsonString(), board.Supervision));
    }

    [Fact]
    public void EveryKey_IsRead()
    {
        var board = Parse("""
            {"format": 1, "platform": "p", "user": "u:g", "agent": "embedded", "agent_program": "/a", "trial_attempts": 255,
             "reserve": 0, "settings": {"http": {"listen_addr": "0.0.0.0:80"}, "boot": {"ready": "notify", "ready_timeout": 0.5,
             "ready_after": 0, "settle": 1, "stop_timeout": 2, "watchdog": 0, "max_crashes": 3}}}
            """);
        Assert.Equal(("p", "u:g", true, "/a", 0L), (board.Platform, board.User, board.AgentEmbedded, board.AgentProgram, board.ReserveBytes));
        Assert.Equal("0.0.0.0:80", (string?)board.Settings["http"]!["listen_addr"]);
        Assert.Equal(
            new SupervisionSettings
            {
                Ready = ReadyMode.Notify,
                ReadyTimeout = TimeSpan.FromSeconds(0.5),
                ReadyAfter = TimeSpan.Zero,
                Settle = TimeSpan.FromSeconds(1),
                StopTimeout = TimeSpan.FromSeconds(2),
                Watchdog = TimeSpan.Zero,
                MaxCrashes = 3,
                TrialAttempts = 255,
                AgentEmbedded = true,
            },
            board.Supervision);
    }

    public static TheoryData<string, string> BadBoards => new()
    {
        { "", "board.json is not JSON: *" },
        { "{", "board.json is not JSON: *" },
        { "[]", "board.json: expected an object" },
        { "null", "board.json: expected an object" },
        { """{"platform": "p"}""", "board.json: expected \"format\": 1, found 0" },
        { """{"format": 2, "platform": "p"}""", "board.json: expected \"format\": 1, found 2" },
        { """{"format": "1", "platform": "p"}""", "board.json: \"format\" must be a whole number, not \"1\"" },
        { """{"format": 1, "format": 1, "platform": "p"}""", "board.json is not JSON: *" },
        { """{"format": 1}""", "board.json: \"platform\" is missing" },
        { """{"format": 1, "platform": ""}""", "board.json: \"platform\" is missing" },
        { """{"format": 1, "platform": 7}""", "board.json: \"platform\" must be text, not 7" },
        { """{"format": 1, "platform": "p", "usr": "x"}""", "board.json: unknown key \"usr\"; known are format, platform, *" },
        { """{"format": 1, "platform": "p", "agent": "both"}""", "board.json: \"agent\" must be separate or embedded, not both" },
        { """{"format": 1, "platform": "p", "trial_attempts": 0}""", "board.json: \"trial_attempts\" must be 1 to 255, not 0" },
        { """{"format": 1, "platform": "p", "trial_attempts": 256}""", "board.json: \"trial_attempts\" must be 1 to 255, not 256" },
        { """{"format": 1, "platform": "p", "trial_attempts": 1.5}""", "board.json: \"trial_attempts\" must be a whole number, not 1.5" },
        { """{"format": 1, "platform": "p", "reserve": -1}""", "board.json: \"reserve\" must be 0 or more bytes, not -1" },
        { """{"format": 1, "platform": "p", "settings": []}""", "board.json: \"settings\" must be an object" },
        { Boot("7"), "board.json: \"boot\" in \"settings\" must be an object, not 7" },
        { Boot("""{"ready": "soon"}"""), "board.json: boot.ready must be alive or notify, not soon" },
        { Boot("""{"stop_timeout": -1}"""), "board.json: boot.stop_timeout must be 0 to 86400 seconds, not -1" },
        { Boot("""{"settle": 86401}"""), "board.json: boot.settle must be 0 to 86400 seconds, not 86401" },
        { Boot("""{"settle": "1"}"""), "board.json: boot.settle must be 0 to 86400 seconds, not \"1\"" },
        { Boot("""{"ready_timeout": 0}"""), "board.json: boot.ready_timeout must be more than 0 seconds; nothing is ready at once" },
        { Boot("""{"max_crashes": -1}"""), "board.json: boot.max_crashes must be 0 to 2147483647, not -1" },
        { Boot("""{"stop_timout": 1}"""), "board.json: unknown key \"boot.stop_timout\"; known are ready, *" },
    };

    [Theory]
    [MemberData(nameof(BadBoards))]
    public void BadBoard_IsRefusedWithWhatIsWrong(string text, string expected)
    {
        var found = Assert.Throws<FormatException>(() => Parse(text)).Message;
        Assert.True(
            expected.EndsWith('*') ? found.StartsWith(expected[..^1], StringComparison.Ordinal) : found == expected,
            $"expected: {expected}\nfound:    {found}");
    }

    private static string Boot(string boot) => """{"format": 1, "platform": "p", "settings": {"boot": """ + boot + "}}";

    private static Board Parse(string text) => Board.Parse(Encoding.UTF8.GetBytes(text));
}
