namespace Meerkat.Rpc.Mqtt;

/// <summary>Where a device is called, and where it answers.</summary>
/// <param name="Requests">The topic of frames.</param>
/// <param name="AnswersFormat">With a place for the caller's name, or a fixed topic.</param>
/// <param name="BelowToo">Topics below <paramref name="Requests"/> name methods.</param>
/// <param name="Qos">Of both directions, 0 or 1.</param>
public sealed record MqttRpcTopics(string Requests, string AnswersFormat, bool BelowToo, int Qos)
{
    public IReadOnlyList<(string Filter, int Qos)> Filters => BelowToo ? [(Requests, Qos), (Requests + "/#", Qos)] : [(Requests, Qos)];

    public string Answers(string caller) => MqttTopic.Format(AnswersFormat, caller);

    /// <summary>Why a caller cannot be answered; null: it can.</summary>
    public string? AnswersProblem(string caller) => MqttTopic.Problem(Answers(caller));
}
