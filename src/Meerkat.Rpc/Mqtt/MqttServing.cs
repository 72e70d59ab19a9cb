using Meerkat.Core.Protocol;
using Meerkat.Rpc.Channels;

namespace Meerkat.Rpc.Mqtt;

/// <summary>
/// A device's end of MQTT (specification 7.4): a frame on the device's topic, or on one below it that names the method; the
/// answer goes to the topic of whoever asked. It outlives connections: a call that takes long is answered on the next one.
/// </summary>
/// <param name="calls">Performs the calls.</param>
/// <param name="queueLength">Calls at once; further ones wait at the broker.</param>
/// <param name="log">Told of what is dropped.</param>
/// <param name="stopping">Ends the calls that run.</param>
public sealed class MqttServing(RpcDispatcher calls, int queueLength, Action<string> log, CancellationToken stopping)
{
    /// <summary>The channel's name in access rules (specification 7.7).</summary>
    public const string Channel = "MQTT";

    private readonly CallQueue queue = new(calls, queueLength, stopping);
    private readonly RecentCalls recent = new(calls.Time);

    /// <summary>Takes a message if it is one of these topics'; returns when its call has begun.</summary>
    /// <param name="message">What came.</param>
    /// <param name="topics">Those that were subscribed.</param>
    /// <param name="publish">Sends an answer.</param>
    /// <returns>Whether it was one.</returns>
    public async ValueTask<bool> TakeAsync(MqttMessage message, MqttRpcTopics topics, Func<MqttMessage, ValueTask> publish)
    {
        string? method = null;
        if (message.Topic != topics.Requests)
        {
            if (!topics.BelowToo || !message.Topic.StartsWith(topics.Requests + "/", StringComparison.Ordinal))
            {
                return false;
            }
            method = message.Topic[(topics.Requests.Length + 1)..];
        }
        if (message.LeftOutBytes > 0)
        {
            Drop(message, FormattableString.Invariant($"it has {message.LeftOutBytes} bytes, at most {calls.MaxFrameBytes} are accepted (rpc.max_frame_size)"));
            return true;
        }
        if (message.Retained)
        {
            // It would be performed again at every connection, long after whoever sent it has forgotten it.
            Drop(message, "it is retained; send calls without the retain flag, and clear this one with an empty retained message");
            return true;
        }
        switch (RpcFrame.Parse(message.Payload.Span, calls.MaxFrameBytes, method))
        {
            case RpcFrame.Request({ IsNotification: false, Source: null or "" } request):
                Drop(message, $"{request.Method} has no src, so nobody would get its answer");
                break;
            case RpcFrame.Request(var request) when !calls.IsForUs(request):
                Drop(message, $"it is for \"{request.Destination}\", this is \"{calls.DeviceId}\"");
                break;
            case RpcFrame.Request(var request) when !request.IsNotification && topics.AnswersProblem(request.Source!) is { } problem:
                Drop(message, $"the topic of its answer {problem}");
                break;
            case RpcFrame.Request(var request) frame:
                var begun = Task.CompletedTask;
                recent.Take(
                    frame,
                    request.Source ?? "",
                    response => publish(new MqttMessage(topics.Answers(request.Source!), response.ToUtf8()) { Qos = topics.Qos }),
                    (once, answer) => begun = queue.TakeAsync(once, new RpcPeer(Channel, request.Source ?? ""), answer));
                await begun.ConfigureAwait(false);
                break;
            case RpcFrame.Response:
                Drop(message, "it is an answer, and nothing was asked");
                break;
            case RpcFrame.Rejected(var reason):
                Drop(message, reason);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
        return true;
    }

    private void Drop(MqttMessage message, string reason) => log($"mqtt: dropped a message on {message.Topic}: {reason}");
}
