using Meerkat.Core.Settings;
using Meerkat.Rpc.Mqtt;

namespace Meerkat.Device.Mqtt;

/// <summary>Where the desired state comes from, and where the device's own is reported.</summary>
/// <param name="Desired">A whole desired state, or what of it differs from the reported one.</param>
/// <param name="Refused">Where the broker's side says that it does not take a report; empty: nowhere.</param>
/// <param name="Reported">The report.</param>
/// <param name="Get">An empty message here asks for the desired state; empty: it comes by itself, being retained.</param>
/// <param name="Aws">Reports are wrapped as AWS IoT wants them, and not retained, which it does not allow there.</param>
internal sealed record ShadowTopics(string Desired, string Refused, string Reported, string Get, bool Aws)
{
    public static ShadowTopics Of(SettingValues values, string deviceId)
    {
        if (values.Text("shadow.type") == "aws")
        {
            var shadow = $"$aws/things/{deviceId}/shadow";
            return new ShadowTopics(shadow + "/update/delta", shadow + "/update/rejected", shadow + "/update", shadow + "/get", true);
        }
        return new ShadowTopics(
            MqttTopic.Format(values.Text("shadow.desired_topic"), deviceId), "", MqttTopic.Format(values.Text("shadow.reported_topic"), deviceId), "", false);
    }

    public IEnumerable<string> All => [Reported, .. Subscribed, .. Get.Length > 0 ? [Get] : Array.Empty<string>()];

    public IEnumerable<string> Subscribed => Aws ? [Desired, Get + "/accepted", Refused] : [Desired];
}
