using System.Text.Json;
using Meerkat.Boot.Link;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Fuzz.Targets;

/// <summary>Lines of the boot socket, through to the machine that decides about them; each line of an input is a request.</summary>
internal sealed class LinkTarget : Target
{
    private const long Connection = 1;

    /// <summary>Each is read by itself, and a refusal of each costs an exception.</summary>
    private const int MostLines = 64;

    private static readonly JsonMutations Json = new(
        "operation", "status", "invalidate", "arm", "hold", "activate", "keep_snapshot", "set_state", "release", "commit", "revert", "restart", "sequence",
        "slot", "commit_timeout", "force", "version", "build_id", "image_sha256", "image_bytes", "activates_itself", "trial", "fallback", "committed",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

    private static readonly SlotRecord Installed = new(SlotState.Committed, new FirmwareVersion("1.0.0", "b"), default, 5, 1);

    public override string Name => "link";

    public override MemoryBound Memory => new(1 << 20, 256);

    public override byte[] Generate(Random chance)
    {
        string[] requests =
        [
            """{"operation":"invalidate","slot":1}""", """{"operation":"commit"}""", """{"operation":"revert"}""", """{"operation":"restart","force":true}""",
            """{"operation":"activate","commit_timeout":5}""", """{"operation":"set_state","slot":0,"fallback":-1,"committed":false,"commit_timeout":0}""",
            """{"operation":"keep_snapshot","slot":1,"trial":true,"commit_timeout":60}""", Install("arm"), Install("hold"),
        ];
        return [.. Enumerable.Range(0, chance.Next(1, 6)).SelectMany(_ => System.Text.Encoding.UTF8.GetBytes(chance.Pick(requests) + "\n"))];
    }

    public override byte[] Mutate(byte[] input, byte[] other, Random chance)
    {
        var lines = Lines(input);
        var at = chance.Next(lines.Count);
        switch (chance.Next(6))
        {
            case 0: lines.Insert(at, chance.Pick(Lines(other))); break;
            case 1 when lines.Count > 1: lines.RemoveAt(at); break;
            case 2: (lines[0], lines[at]) = (lines[at], lines[0]); break;
            default: lines[at] = Json.Mutate(lines[at], chance.Pick(Lines(other)), chance); break;
        }
        return [.. lines.SelectMany(line => line.Append((byte)'\n'))];
    }

    public override object? Parse(byte[] input)
    {
        // A device whose firmware is committed, with an older one in the other slot.
        var machine = new Machine();
        var replies = new List<LinkReply>();
        foreach (var line in Lines(input))
        {
            replies.Add(LinkServer.Answer(line, machine.Ask));
        }
        return replies;
    }

    public override bool Accepted(object? parsed) => ((List<LinkReply>)parsed!).All(reply => reply.Refusal != BootRefusal.BadRequest);

    public override void Examine(byte[] input, object? parsed)
    {
        foreach (var reply in (List<LinkReply>)parsed!)
        {
            FindingException.Unless(reply.Refusal == BootRefusal.None || reply.Text.Length > 0, "a refusal without words");
            var line = JsonSerializer.SerializeToUtf8Bytes(reply, LinkJson.Default.LinkReply);
            FindingException.Unless(!line.Contains((byte)'\n'), "an answer of two lines");
            FindingException.Unless(JsonSerializer.Deserialize(line, LinkJson.Default.LinkReply) == reply, "an answer that the agent reads otherwise");
        }
    }

    private static string Install(string operation) =>
        $$"""{"operation":"{{operation}}","slot":1,"commit_timeout":300,"version":"1.1.0","build_id":"b","image_sha256":"{{default(Digest)}}","image_bytes":5}""";

    private static List<byte[]> Lines(byte[] input)
    {
        var lines = new List<byte[]>();
        var start = 0;
        for (var at = 0; at < input.Length; at++)
        {
            if (input[at] == '\n')
            {
                lines.Add(input[start..at]);
                start = at + 1;
            }
        }
        return lines.Count > 0 ? lines[..Math.Min(lines.Count, MostLines)] : [input];
    }

    /// <summary>The supervision, without processes: what each step stores must be readable again, or the device would be lost.</summary>
    private sealed class Machine
    {
        private static readonly Moment Now = new(TimeSpan.FromHours(5), DateTimeOffset.UnixEpoch);

        private Supervision now = SupervisionMachine.Begin(
            new Supervision
            {
                Settings = new SupervisionSettings(),
                Record = BootTransitions.Factory(Installed) with { Fallback = SlotId.One, Slot1 = Installed },
                Mode = RunMode.Committed,
                Running = SlotId.Zero,
            },
            Now).Next;

        private long asked;

        public LinkReply Ask(LinkRequest line)
        {
            var (request, problem) = LinkServer.Read(line, runningIntact: true, unbootable: "");
            if (request is null)
            {
                return new LinkReply(BootRefusal.BadRequest, problem, 0);
            }
            var step = SupervisionMachine.Take(now, new SupervisionEvent.Requested(++asked, Connection, request), Now);
            if (step.Store is { } record)
            {
                FindingException.Unless(
                    BootRecordCodec.Decode(BootRecordCodec.Encode(record)) is BootRecordCopy.Valid(var stored)
                    && stored.Active == record.Active && stored.Committed == record.Committed && stored.CommitTimeoutSeconds == record.CommitTimeoutSeconds,
                    $"after {line.Operation} a record is stored that cannot be read again");
            }
            now = step.Next;
            var answers = step.Effects.OfType<SupervisionEffect.Answer>().ToList();
            FindingException.Unless(answers.Count == 1 && answers[0].Id == asked, $"{answers.Count} answers to {line.Operation}");
            return new LinkReply(answers[0].Reply.Refusal, answers[0].Reply.Text, answers[0].Reply.Sequence);
        }
    }
}
