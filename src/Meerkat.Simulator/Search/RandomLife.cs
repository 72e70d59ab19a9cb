using System.Globalization;
using Meerkat.Simulator.Machine;
using Meerkat.Simulator.Medium;
using Meerkat.Simulator.Sabotages;

namespace Meerkat.Simulator.Search;

/// <summary>
/// Hundreds of steps in the life of one device, all of them decided by one seed: updates good and bad, whole and broken off, commits,
/// reverts, settings, snapshots; and among them cuts of the power with random losses, ends of single processes at any change they
/// make, a full medium, faults of the medium, a clock that jumps.
/// </summary>
internal sealed class RandomLife : IDisposable
{
    private const int NoSpaceErrno = 28;
    private const int IoErrno = 5;
    private const int ReadOnlyErrno = 30;

    private static readonly FirmwareBehaviour[] Behaviours = Enum.GetValues<FirmwareBehaviour>();

    private readonly Random chance;
    private readonly Func<Sabotage> sabotage;
    private readonly SimClock clock = new(Factory.Birth);
    private SimDevice device;
    private int release = 1;
    private bool cutByPower;
    private bool killFirmware;

    /// <summary>Changes until something happens to a process; none: nothing is planned.</summary>
    private (int After, Doom What)? doom;

    /// <summary>While there are left, changes fail; not those of the boot record, whose faults have searches of their own.</summary>
    private (int Left, int Errno) faults;

    public RandomLife(int seed, Func<Sabotage> sabotage)
    {
        chance = new Random(seed);
        this.sabotage = sabotage;
        var (medium, truth) = Factory.Make(clock, chance.Next(2, 12), chance.Next(3) == 0 ? chance.Next(2, 4) : 1);
        device = new SimDevice(medium, clock, truth, 0, sabotage(), Interfere) { Log = Say };
    }

    private enum Doom
    {
        PowerCut,
        KillBootLoader,
        KillAgent,
        KillFirmware,
        Faults,
    }

    /// <summary>What has been done, for people.</summary>
    public List<string> Steps { get; } = [];

    public int Cuts { get; private set; }

    public int Updates { get; private set; }

    /// <param name="steps">How many.</param>
    /// <exception cref="ViolationException">The device broke a promise.</exception>
    public void Live(int steps)
    {
        device.PowerOn();
        for (var step = 0; step < steps; step++)
        {
            if (chance.Next(3) == 0)
            {
                Plan();
            }
            Step();
            ComeBack();
            if (step % 25 == 24)
            {
                Demand();
            }
        }
        Demand();
    }

    public void Dispose() => device.Dispose();

    /// <summary>The first line: a stack trace is not the same twice.</summary>
    private void Say(string line) => Steps.Add("    " + line.Split('\n')[0]);

    private void Note(string what) => Steps.Add(string.Create(CultureInfo.InvariantCulture, $"{Steps.Count}: {what} [{device.Truth.Stage}]"));

    private void Plan()
    {
        doom = (chance.Next(chance.Next(2) == 0 ? 12 : 150), (Doom)chance.Next(Enum.GetValues<Doom>().Length));
        Note($"after {doom.Value.After} changes: {doom.Value.What}");
    }

    /// <summary>Before every change of a process: perhaps it is its last.</summary>
    private int Interfere(SimProcess process, string path)
    {
        if (doom is var (after, what))
        {
            doom = after > 0 ? (after - 1, what) : null;
            if (after == 0)
            {
                Happen(what);
            }
        }
        if (faults.Left == 0 || path.StartsWith("boot/record", StringComparison.Ordinal))
        {
            return 0;
        }
        faults = (faults.Left - 1, faults.Errno);
        return faults.Errno;
    }

    private void Happen(Doom what)
    {
        switch (what)
        {
            case Doom.PowerCut or Doom.KillBootLoader:
                device.BootLoaderProcess.Lives = false;
                device.AgentProcess.Lives = false;
                device.FirmwareProcess.Lives = false;
                cutByPower = what == Doom.PowerCut;
                break;
            case Doom.KillAgent:
                device.AgentProcess.Lives = false;
                break;
            case Doom.KillFirmware:
                killFirmware = true;
                break;
            case Doom.Faults:
                int[] errnos = [IoErrno, NoSpaceErrno, ReadOnlyErrno];
                faults = (chance.Next(1, 20), errnos[chance.Next(errnos.Length)]);
                device.Truth = device.Truth with { StorageFails = true };
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private void Step()
    {
        if (!device.AgentAnswers)
        {
            device.Pass(TimeSpan.FromSeconds(chance.Next(1, 90)));
            return;
        }
        switch (device.Truth.Stage)
        {
            case Stage.Trial:
                InTrial();
                break;
            case Stage.Held:
                Note("activate or discard");
                if (chance.Next(2) == 0)
                {
                    device.Activate();
                    device.Pass(TimeSpan.FromSeconds(1));
                }
                else
                {
                    device.Revert();
                }
                break;
            case Stage.None:
                Idle();
                break;
            default:
                device.Pass(TimeSpan.FromSeconds(chance.Next(1, 400)));
                break;
        }
    }

    private void InTrial()
    {
        switch (chance.Next(6))
        {
            case 0:
                Note("revert");
                device.Revert();
                break;
            case 1:
                Note("wait");
                device.Pass(TimeSpan.FromSeconds(chance.Next(1, 400)));
                break;
            default:
                Note("commit");
                device.Commit();
                break;
        }
    }

    private void Idle()
    {
        switch (chance.Next(12))
        {
            case 0:
                Note("setting");
                device.SetColour(FormattableString.Invariant($"colour {chance.Next(100)}"));
                break;
            case 1:
                Note("put");
                var bytes = new byte[chance.Next(400)];
                chance.NextBytes(bytes);
                device.Put(FormattableString.Invariant($"user/put-{chance.Next(5)}.bin"), bytes);
                break;
            case 2 when device.Truth.Files.Entries.Keys.Where(path => path.StartsWith("user/put-", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList() is { Count: > 0 } put:
                Note("remove");
                device.RemoveFile(put[chance.Next(put.Count)]);
                break;
            case 3:
                Note("snapshot");
                device.Snapshot();
                break;
            case 4:
                Note("restart by force");
                device.Call("Sys.Reboot", new System.Text.Json.Nodes.JsonObject { ["force"] = true });
                device.Pass(TimeSpan.FromSeconds(1));
                break;
            case 5:
                Note("the clock jumps");
                clock.SetWall(Factory.Birth.AddDays(chance.Next(-10000, 10000)));
                break;
            case 6:
                Note("power cut");
                cutByPower = true;
                device.EndAll();
                break;
            case 7:
                Note("space comes and goes");
                Squeeze();
                break;
            default:
                Install();
                break;
        }
    }

    private void Install()
    {
        Updates++;
        var behaviour = chance.Next(2) == 0 ? FirmwareBehaviour.Good : Behaviours[chance.Next(Behaviours.Length)];
        var made = Release.Of(2 + release++ % 60, behaviour);
        var (pieces, activate, whole) = (chance.Next(1, 9), chance.Next(5) != 0, chance.Next(6) != 0);
        Note($"update to {made}, {pieces} pieces{(activate ? "" : ", held")}{(whole ? "" : ", broken off")}");
        var result = device.Install(made, pieces, activate, whole, force: true);
        Note(result?.Message ?? "no answer");
        device.Pass(TimeSpan.FromSeconds(chance.Next(1, 4)));
    }

    private void Squeeze()
    {
        var medium = device.Medium;
        device.Truth = device.Truth with { StorageFails = true };
        var capacity = medium.CapacityBytes;
        medium.CapacityBytes -= Math.Max(0, medium.FreeBytes - chance.Next(6000));
        Install();
        ComeBack();
        device.Medium.CapacityBytes = capacity;
    }

    /// <summary>Whatever ended is started again; the world's other promises hold again too.</summary>
    private void ComeBack()
    {
        if (killFirmware)
        {
            killFirmware = false;
            device.KillFirmware();
        }
        for (var again = 0; !device.Runs; again++)
        {
            faults = again > 3 ? default : faults;
            doom = again > 3 ? null : doom;
            Cuts++;
            if (cutByPower)
            {
                cutByPower = false;
                var outcomes = device.Medium.Outcomes().ToList();
                var outcome = chance.Next(2) == 0 ? outcomes[chance.Next(outcomes.Count)] : new CrashOutcome(CrashKind.Subset, chance.Next());
                Note($"comes back with {outcome} of {device.Medium.PendingCount}");
                device.Dispose();
                device = new SimDevice(
                    device.Medium.AfterCrash(outcome, clock.GetUtcNow), clock, device.Truth, device.Kernels, sabotage(), Interfere)
                {
                    Log = Say,
                };
                device.PowerOn();
            }
            else
            {
                Note("the boot loader is started again");
                device.StartAgain();
            }
        }
    }

    /// <summary>With nothing in its way any more, the device takes an update, and is tidy after it.</summary>
    private void Demand()
    {
        doom = null;
        faults = default;
        Note("nothing disturbs any more");
        // What ran without a record decides anew.
        device.EndAll();
        cutByPower = true;
        ComeBack();
        device.Truth = device.Truth with { StorageFails = false };
        device.Pass(TimeSpan.FromMinutes(3));
        if (device.Truth.Stage == Stage.Trial && device.FirmwareProcess.Lives is false)
        {
            device.Pass(TimeSpan.FromMinutes(10));
        }
        Life.NextUpdate(device, Release.Of(100 + release++ % 20));
        DeviceChecks.DemandTidy(device.Medium);
    }
}
