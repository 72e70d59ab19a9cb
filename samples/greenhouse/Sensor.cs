namespace Greenhouse;

/// <summary>The soil sensor: here a setting says whether it answers.</summary>
internal static class Sensor
{
    public static bool Answers(IConfiguration settings) => settings["greenhouse:sensor"] != "broken";
}
