namespace Meerkat.Storage;

/// <summary>
/// What decides a boot is asked of the medium up to three times: a fault that passes (a signal, a busy or loose medium) must not make a
/// good slot a broken one, or an older record the one that counts.
/// </summary>
internal static class Tries
{
    private const int Most = 3;

    /// <exception cref="StorageException">It failed each time; the fault of the last.</exception>
    public static T Of<T>(Func<T> operation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return operation();
            }
            catch (StorageException) when (attempt < Most)
            {
                // Tried again at once: whatever passes has passed, and nothing waits for the rest.
            }
        }
    }
}
