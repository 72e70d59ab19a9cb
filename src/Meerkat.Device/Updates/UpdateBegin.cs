namespace Meerkat.Device.Updates;

/// <summary>The answer to the wish to begin an update.</summary>
public abstract record UpdateBegin
{
    private UpdateBegin()
    {
    }

    public sealed record Started(UpdateSession Session) : UpdateBegin;

    /// <param name="Busy">Another update is in progress (HTTP 409); otherwise the device is in no state for one.</param>
    /// <param name="Text">What stands in the way and what to do.</param>
    public sealed record Refused(bool Busy, string Text) : UpdateBegin;
}
