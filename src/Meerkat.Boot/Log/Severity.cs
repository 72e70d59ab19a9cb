namespace Meerkat.Boot.Log;

/// <summary>How bad a line is, by the numbers of syslog(3).</summary>
public enum Severity
{
    Critical = 2,
    Error = 3,
    Warning = 4,
    Notice = 5,
    Info = 6,
    Debug = 7,
}
