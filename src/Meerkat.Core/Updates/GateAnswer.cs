namespace Meerkat.Core.Updates;

/// <summary>What a gate says to an update: the veto of Mongoose OS's BEGIN event (specification 3.3), and two shades more.</summary>
public abstract record GateAnswer
{
    private GateAnswer()
    {
    }

    /// <summary>What happened to the update, and why where the gate has said so.</summary>
    public static string Because(string what, string why) => why.Length == 0 ? what : $"{what}: {why}";

    public sealed record Go : GateAnswer;

    /// <summary>Not now. Before the begin the update ends and may be tried again; before the restart it is held and asked for again.</summary>
    /// <param name="Text">Why, for people; may be empty.</param>
    public sealed record Wait(string Text) : GateAnswer;

    /// <summary>Never: the update fails.</summary>
    /// <param name="Text">Why, for people; may be empty.</param>
    public sealed record Refuse(string Text) : GateAnswer;
}
