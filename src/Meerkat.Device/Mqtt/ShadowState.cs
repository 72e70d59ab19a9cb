using System.Text.Json.Nodes;
using Meerkat.Core.Settings;
using Meerkat.Storage;

namespace Meerkat.Device.Mqtt;

/// <summary>
/// What became of the desired url, kept across updates in <c>boot/shadow.json</c>. It is stored before the update begins, so that a
/// bundle that does harm is not taken again and again.
/// </summary>
internal sealed record ShadowState
{
    /// <summary>How often an update is begun that ends with the device.</summary>
    public const int MostTries = 3;

    private const string Path = "boot/shadow.json";
    private const int MostBytes = 65536;
    private const int FileMode = 0x1A0;

    public string Url { get; init; } = "";

    /// <summary>Times it was begun.</summary>
    public int Tries { get; init; }

    /// <summary>How it ended: positive for success, negative for failure, 0: not yet.</summary>
    public int Code { get; init; }

    public string Message { get; init; } = "";

    /// <summary>Version and build that ran when it was begun.</summary>
    public string From { get; init; } = "";

    /// <summary>The device restarts, or has restarted, into what was installed.</summary>
    public bool Restarts { get; init; }

    /// <summary>See <see cref="DesiredUpdate"/>.</summary>
    public bool Flat { get; init; }

    /// <summary>A file that is not there or cannot be read is that of a device that was never told anything.</summary>
    public static ShadowState Read(IVolume volume)
    {
        try
        {
            return ConfigText.Parse(volume.ReadSmall(Path, MostBytes)) is ConfigText.Parsed { Tree: var tree }
                ? new ShadowState
                {
                    Url = Text(tree, "url"),
                    Tries = Number(tree, "tries"),
                    Code = Number(tree, "code"),
                    Message = Text(tree, "message"),
                    From = Text(tree, "from"),
                    Restarts = Flag(tree, "restarts"),
                    Flat = Flag(tree, "flat"),
                }
                : new ShadowState();
        }
        catch (StorageException)
        {
            return new ShadowState();
        }
    }

    /// <exception cref="StorageException">It cannot be stored.</exception>
    public void Write(IVolume volume) => volume.Replace(Path, ConfigText.Format(new JsonObject
    {
        ["format"] = 1,
        ["url"] = Url,
        ["tries"] = Tries,
        ["code"] = Code,
        ["message"] = Message,
        ["from"] = From,
        ["restarts"] = Restarts,
        ["flat"] = Flat,
    }), FileMode);

    private static string Text(JsonObject tree, string name) => tree[name] is JsonValue value && value.TryGetValue(out string? text) ? text : "";

    private static int Number(JsonObject tree, string name) => tree[name] is JsonValue value && value.TryGetValue(out int number) ? number : 0;

    private static bool Flag(JsonObject tree, string name) => tree[name] is JsonValue value && value.TryGetValue(out bool flag) && flag;
}
