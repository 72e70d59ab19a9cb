using System.Text.Json.Nodes;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Files;

/// <summary>A name in a directory of a device.</summary>
/// <param name="Name">Without the directory.</param>
/// <param name="Bytes">Its size; 0 for what is no file.</param>
/// <param name="Kind">file, directory, link or special; null where the device has files only and does not tell.</param>
/// <param name="Json">All that the device told.</param>
internal sealed record RemoteFile(string Name, long Bytes, string? Kind, JsonObject Json)
{
    public bool IsDirectory => Kind == "directory";

    /// <summary>As a list shows it: with a slash after a directory, as <c>ls -F</c>.</summary>
    public string Shown => Kind switch
    {
        "directory" => Name + "/",
        "link" => Name + "@",
        _ => Name,
    };

    public static RemoteFile Read(JsonObject json) =>
        new(json["name"].Word ?? "", (long)(json["size"].Number ?? 0), json["kind"].Word, json);
}
