using Meerkat.Core.Boot;
using Meerkat.Core.Health;
using Meerkat.Core.Settings;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>The health contract of a firmware: its <c>health.json</c>, or the <c>health.*</c> keys of the settings in force.</summary>
public static class FirmwareHealth
{
    private const int MostSettingsBytes = 1 << 20;
    private const string Keys = "health.";

    /// <summary>Reads it at the begin of a trial, when the settings of that firmware are in force.</summary>
    /// <param name="volume">The device's root.</param>
    /// <param name="board">Its board.</param>
    /// <param name="slot">The firmware's.</param>
    /// <exception cref="StorageException">A fault of the medium.</exception>
    public static HealthReading Read(IVolume volume, Board board, SlotId slot) => OfFile(volume, slot) ?? OfKeys(volume, board, slot);

    /// <summary>The contract that a bundle brought; null when it brought none.</summary>
    /// <exception cref="StorageException">A fault of the medium.</exception>
    public static HealthReading? OfFile(IVolume volume, SlotId slot)
    {
        var path = $"{SlotPaths.Files(slot)}/{HealthContract.FileName}";
        return volume.Find(path) switch
        {
            null => null,
            { Kind: EntryKind.File, Bytes: <= HealthContract.MostBytes } =>
                HealthContractParser.OfFile(volume.ReadSmall(path, HealthContract.MostBytes) ?? []),
            { Kind: EntryKind.File } large => new HealthReading.Damaged(FormattableString.Invariant(
                $"{HealthContract.FileName}: expected at most {HealthContract.MostBytes} bytes, found {large.Bytes}")),
            _ => HealthReading.Damaged.NoFile,
        };
    }

    private static HealthReading OfKeys(IVolume volume, Board board, SlotId slot)
    {
        // What is of the wrong kind is left out of the settings in force, and would be a check that is not made.
        var wrong = RunConfiguration.Compose(volume, board, slot).Problems
            .FirstOrDefault(problem => problem.Kind == ConfigProblemKind.WrongValue && problem.Key.StartsWith(Keys, StringComparison.Ordinal));
        if (wrong is not null)
        {
            return new HealthReading.Damaged(wrong.ToString());
        }
        return ConfigText.Parse(volume.ReadSmall(RunConfiguration.Path, MostSettingsBytes)) is ConfigText.Parsed { Tree: var settings }
            ? HealthContractParser.OfKeys(new SettingValues(settings))
            : new HealthReading.None();
    }
}
