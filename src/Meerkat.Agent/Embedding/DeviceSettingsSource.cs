using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Device.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Json;

namespace Meerkat.Agent;

/// <summary>The device's settings in force as configuration of the application; they reload when one is set.</summary>
internal sealed class DeviceSettingsSource(ConfigStore config) : IConfigurationSource
{
    public IConfigurationProvider Build(IConfigurationBuilder builder) => new Provider(config);

    private sealed class Provider(ConfigStore config)
        : JsonStreamConfigurationProvider(new JsonStreamConfigurationSource { Stream = Stream.Null })
    {
        private bool watching;

        public override void Load()
        {
            if (!watching)
            {
                watching = true;
                config.Changed += (_, _) =>
                {
                    Load();
                    OnReload();
                };
            }
            var text = config.Get("", null) is JsonObject tree ? tree.ToJsonString() : "{}";
            using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
            Load(stream);
        }
    }
}
