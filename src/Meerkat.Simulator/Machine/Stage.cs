namespace Meerkat.Simulator.Machine;

/// <summary>How far the world knows an update to be, from what it asked and what was answered.</summary>
internal enum Stage
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>It is being sent: nothing was answered, and nothing of it may be started.</summary>
    Sending,

    /// <summary>All of it was sent, the answer is awaited: it may be armed.</summary>
    Finishing,

    /// <summary>The device said that it is installed and held: nothing starts it.</summary>
    Held,

    /// <summary>Its activation was asked for, the answer is awaited.</summary>
    Activating,

    /// <summary>The device said that it starts with the next boot.</summary>
    Armed,

    /// <summary>The restart is under way; the firmware has not been started.</summary>
    Starting,

    /// <summary>Its firmware was started.</summary>
    Trial,

    /// <summary>A commit was asked for, the answer is awaited.</summary>
    Committing,

    /// <summary>Something happened that ends the trial: it must fall back.</summary>
    Ending,

    /// <summary>Its cancellation was asked for, the answer is awaited.</summary>
    Cancelling,
}
