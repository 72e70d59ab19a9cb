using Meerkat.Core.Updates;

namespace Greenhouse;

/// <summary>While water runs, no update may end the firmware.</summary>
internal sealed class Valve
{
    public bool IsOpen { get; set; }

    public GateAnswer MayUpdate(GateQuestion update) => IsOpen
        ? new GateAnswer.Wait($"the valve is open; {update.Offered.Version} has to wait")
        : new GateAnswer.Go();
}
