using Meerkat.Core.Settings;

namespace Meerkat.Core.Tests.Settings;

public sealed class ConfigFilesTests
{
    [Theory]
    [InlineData("", "conf.json", "")]
    [InlineData("conf.json", "conf.json", "9:conf.json")]
    [InlineData("conf9.json", "conf9.json", "9:conf9.json")]
    [InlineData("conf.json conf9.json", "conf.json", "9:conf.json")]
    [InlineData("conf5.json conf0.json index.html conf6.json conf_vendor.json", "conf.json", "0:conf0.json 5:conf5.json 5:conf_vendor.json 6:conf6.json")]
    [InlineData("conf.json conf.json.try", "conf.json", "9:conf.json.try!")]
    [InlineData("conf2.json.try", "conf.json", "2:conf2.json.try!")]
    [InlineData("conf.json conf9.json.try", "conf.json", "9:conf9.json.try!")]
    [InlineData("conf9.json conf9.json.try", "conf9.json", "9:conf9.json.try!")]
    [InlineData("conf.json.try conf9.json.try", "conf.json", "9:conf.json.try!")]
    public void Layers_AreChosenByName(string names, string userFile, string layers)
    {
        var files = ConfigFiles.Choose(names.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet());
        Assert.Equal(userFile, files.UserFile);
        Assert.Equal(layers, string.Join(' ', files.Layers.Select(f => $"{f.Level}:{f.Name}{(f.IsOneShot ? "!" : "")}")));
    }

    [Theory]
    [InlineData("conf0.json.try", true)]
    [InlineData("conf9.json.try", true)]
    [InlineData("conf.json.try", true)]
    [InlineData("conf10.json.try", false)]
    [InlineData("conf_vendor.json.try", false)]
    [InlineData("conf3.json", false)]
    [InlineData("mine.try", false)]
    public void OneShot_IsRecognised(string name, bool isOneShot) => Assert.Equal(isOneShot, ConfigFiles.IsOneShot(name));

    [Theory]
    [InlineData("conf.json", true)]
    [InlineData("CONF9.JSON", true)]
    [InlineData("conf.json.try", true)]
    [InlineData("conf0.json", false)]
    [InlineData("sub/conf.json", false)]
    public void UserFile_IsRecognised(string name, bool isUsers) => Assert.Equal(isUsers, ConfigFiles.IsUserFile(name));
}
