using System.Text;
using Meerkat.Core.Boot;

namespace Meerkat.Fuzz.Targets;

/// <summary><c>board.json</c>.</summary>
internal sealed class BoardTarget : Target
{
    private static readonly JsonMutations Json = new(
        "format", "platform", "user", "agent", "agent_program", "trial_attempts", "reserve", "settings", "boot", "ready", "ready_timeout", "ready_after",
        "settle", "stop_timeout", "watchdog", "max_crashes", "separate", "embedded", "alive", "notify", "http");

    public override string Name => "board";

    public override MemoryBound Memory => new(256 << 10, 64);

    public override byte[] Generate(Random chance) => Encoding.UTF8.GetBytes($$$"""
        {"format":1,"platform":"linux-x64","user":"{{{chance.Pick(["", "www-data", "33:33"])}}}","agent":"{{{chance.Pick(["separate", "embedded"])}}}",
         "trial_attempts":{{{chance.Next(1, 4)}}},"reserve":{{{chance.Next()}}},
         "settings":{"http":{"listen_addr":"0.0.0.0:80"},"boot":{"ready":"{{{chance.Pick(["alive", "notify"])}}}","ready_timeout":{{{chance.Next(1, 86400)}}},
           "ready_after":0.5,"settle":{{{chance.Next(86400)}}},"stop_timeout":1e1,"watchdog":0,"max_crashes":{{{chance.Next()}}} } } }
        """);

    public override byte[] Mutate(byte[] input, byte[] other, Random chance) => Json.Mutate(input, other, chance);

    public override object? Parse(byte[] input)
    {
        try
        {
            return Board.Parse(input);
        }
        catch (FormatException refusal)
        {
            return refusal;
        }
    }

    public override bool Accepted(object? parsed) => parsed is Board;

    public override void Examine(byte[] input, object? parsed)
    {
        if (parsed is FormatException refusal)
        {
            FindingException.Unless(refusal.Message.Length > 0, "a refusal without words");
            return;
        }
        var board = (Board)parsed!;
        var bounds = board.Supervision;
        FindingException.Unless(
            board.Platform.Length > 0 && board.ReserveBytes >= 0 && bounds.TrialAttempts > 0 && bounds.ReadyTimeout > TimeSpan.Zero && bounds.MaxCrashes >= 0
            && new[] { bounds.ReadyTimeout, bounds.ReadyAfter, bounds.Settle, bounds.StopTimeout, bounds.Watchdog }
                .All(time => time >= TimeSpan.Zero && time <= TimeSpan.FromDays(1)),
            "a bound that is out of its range");
        _ = board.Settings.ToJsonString();
    }
}
