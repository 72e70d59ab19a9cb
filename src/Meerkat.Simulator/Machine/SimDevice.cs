using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Boot;
using Meerkat.Boot.Link;
using Meerkat.Boot.Posix;
using Meerkat.Core.Boot;
using Meerkat.Core.Protocol;
using Meerkat.Core.Settings;
using Meerkat.Core.Values;
using Meerkat.Device;
using Meerkat.Device.Updates;
using Meerkat.Rpc;
using Meerkat.Simulator.Medium;
using Meerkat.Simulator.Sabotages;
using Meerkat.Storage;

namespace Meerkat.Simulator.Machine;

/// <summary>
/// A device on a simulated medium: the shipped boot cycle and the shipped agent, a firmware that behaves as its release says, and the
/// world around them, which holds all three against its <see cref="Truth"/>. One thread; time passes only when it is told to.
/// </summary>
internal sealed class SimDevice : IDevicePrograms, IDisposable
{
    public const int CommitTimeoutSeconds = 300;

    private const string Root = "/simulated";
    private const int SigKill = 9;
    private const int SigSegv = 11;
    private const int ExitCode = 7;
    private const int MostBoardBytes = 1 << 20;

    private static readonly UserId Owner = UserId.Current;
    private static readonly RpcPeer World = new("simulated", "");

    private readonly Sabotage sabotage;
    private readonly IVolume storage;
    private readonly Queue<Action> events = new();
    private readonly Func<SimProcess, string, int> chaos;

    private SimProcess bootLoader = new() { Lives = false };
    private SimProcess agentProcess = new() { Lives = false };
    private SimProcess firmware = new() { Lives = false };
    private FirmwareBehaviour behaviour;
    private BootCycle? cycle;
    private LinkCallers? callers;

    // Never disposed of but by the boot loader's word: a process that is ended puts nothing in order.
    [SuppressMessage("Reliability", "CA2213", Justification = "its end is part of the simulation")]
    private DeviceAgent? agent;

    private long lastConnection;
    private int kernels;
    private string asked = "";
    private bool booting;
    private bool arrivedByPower;
    private ViolationException? broken;

    /// <param name="medium">A device's medium.</param>
    /// <param name="clock">The world's clock.</param>
    /// <param name="truth">What the world knows.</param>
    /// <param name="kernels">How often the machine was started before.</param>
    /// <param name="sabotage">A fault in the world; <see cref="Sabotage.None"/> for none.</param>
    /// <param name="chaos">Asked before every change that a process makes: may end processes; an error number makes the change fail.</param>
    public SimDevice(SimVolume medium, SimClock clock, Truth truth, int kernels, Sabotage sabotage, Func<SimProcess, string, int>? chaos = null)
    {
        Medium = medium;
        Clock = clock;
        Truth = truth;
        this.kernels = kernels;
        this.sabotage = sabotage;
        this.chaos = chaos ?? ((_, _) => 0);
        storage = sabotage.Storage(medium);
    }

    public SimVolume Medium { get; }

    public SimClock Clock { get; }

    public Truth Truth { get; set; }

    public int Kernels => kernels;

    /// <summary>Takes one line an event, of programs and world.</summary>
    public Action<string> Log { get; init; } = _ => { };

    public bool Runs => bootLoader.Lives;

    public SimProcess BootLoaderProcess => bootLoader;

    public SimProcess AgentProcess => agentProcess;

    public SimProcess FirmwareProcess => firmware;

    public bool AgentAnswers => agent is not null && agentProcess.Lives;

    /// <summary>The machine gets power: a new kernel, the boot loader, and what follows at once.</summary>
    public void PowerOn()
    {
        kernels++;
        Arrive(OutcomeCode.PowerLost);
        StartBootLoader();
    }

    /// <summary>Somebody starts the boot loader again after it was ended.</summary>
    public void StartAgain()
    {
        Arrive(OutcomeCode.BootLoaderStopped);
        StartBootLoader();
    }

    /// <summary>Everything ends at once, as by a loss of power or SIGKILL to the boot loader; the medium is what it is.</summary>
    public void EndAll()
    {
        bootLoader.End();
        agentProcess.End();
        firmware.End();
        ForgetAgent();
        events.Clear();
    }

    /// <summary>Takes the device out of this program's memory; its medium is what it is.</summary>
    public void Dispose() => EndAll();

    /// <summary>SIGKILL to the agent.</summary>
    public void KillAgent()
    {
        agentProcess.End();
        if (agent is null)
        {
            return;
        }
        ForgetAgent();
        foreach (var connection in Enumerable.Range(1, (int)lastConnection))
        {
            callers!.Gone(connection);
        }
        events.Enqueue(() => cycle!.Take(new SupervisionEvent.AgentExited(new ExitStatus(0, SigKill))));
        Settle();
    }

    /// <summary>SIGKILL to the firmware.</summary>
    public void KillFirmware()
    {
        if (firmware.Lives)
        {
            EndFirmware(new ExitStatus(0, SigKill), OutcomeCode.Signaled);
            Settle();
        }
    }

    /// <summary>Takes what has happened until nothing more follows at once.</summary>
    public void Settle()
    {
        while (Runs)
        {
            if (cycle!.Next is SupervisionEffect.BootAgain)
            {
                if (Truth.StorageFails)
                {
                    // What could not be stored may be on the medium all the same.
                    Arrive(OutcomeCode.BootLoaderStopped);
                }
                Boot();
            }
            else if (events.TryDequeue(out var happened))
            {
                Guarded(happened);
            }
            else
            {
                return;
            }
        }
    }

    /// <summary>Lets time pass, with all that falls due on the way.</summary>
    public void Pass(TimeSpan time)
    {
        var until = Clock.GetElapsedTime(0) + time;
        Settle();
        while (Runs && Clock.GetElapsedTime(0) is var now && now < until)
        {
            var wait = until - now;
            wait = Clock.Next is { } timer && timer < wait ? timer : wait;
            wait = cycle!.Now.NextDeadline - now is { } deadline && deadline < wait ? deadline : wait;
            wait = wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
            Guarded(() => Clock.Advance(wait));
            Settle();
            if (Runs && cycle!.Now.NextDeadline <= Clock.GetElapsedTime(0))
            {
                NoteDeadlines();
                Guarded(() => cycle.Take(new SupervisionEvent.TimePassed()));
                Settle();
            }
        }
        if (!Runs)
        {
            Clock.Advance(until - Clock.GetElapsedTime(0));
        }
    }

    /// <summary>Sends an update as <c>POST /update</c> does, in pieces.</summary>
    /// <returns>How it ended; none when the agent went in the middle.</returns>
    public UpdateResult? Install(Release release, int pieces = 3, bool activate = true, bool whole = true, bool force = false)
    {
        UpdateResult? result = null;
        var installing = agent!;
        Asked(() =>
        {
            switch (installing.Updates.Begin(new UpdateOptions
            {
                CommitTimeoutSeconds = CommitTimeoutSeconds,
                AnnouncedBytes = release.Bundle.Length,
                Activate = activate,
                Force = force,
            }))
            {
                case UpdateBegin.Refused refused:
                    result = UpdateResult.Failed(refused.Text);
                    break;
                case UpdateBegin.Started started:
                    Began(release);
                    result = Send(started.Session, release, pieces, whole);
                    break;
                default:
                    throw new System.Diagnostics.UnreachableException();
            }
            Ended(result);
            if (result.NeedsRestart)
            {
                installing.Restart.Schedule(DeviceRestart.AfterAnswer, force: false);
            }
        });
        return agentProcess.Lives ? result : null;
    }

    /// <summary>Sends an update by <c>OTA.Begin</c>, <c>OTA.Write</c> and <c>OTA.End</c>.</summary>
    public void InstallByCalls(Release release, int pieceBytes)
    {
        Demand(Call("OTA.Begin", new JsonObject { ["commit_timeout"] = CommitTimeoutSeconds, ["size"] = release.Bundle.Length }));
        Began(release);
        for (var offset = 0; offset < release.Bundle.Length; offset += pieceBytes)
        {
            var piece = release.Bundle.AsSpan(offset, Math.Min(pieceBytes, release.Bundle.Length - offset));
            Finishing(offset + piece.Length == release.Bundle.Length);
            Demand(Call("OTA.Write", new JsonObject { ["offset"] = offset, ["data"] = Convert.ToBase64String(piece) }));
        }
        Demand(Call("OTA.End", []));
        Answered();
    }

    /// <summary>Starts an update that is held.</summary>
    public bool Activate()
    {
        Truth = Truth with { Stage = Stage.Activating };
        var answer = Call("OTA.Activate", []);
        Refused(answer, Stage.Activating, Stage.Held);
        return answer is RpcOutcome.Succeeded;
    }

    /// <summary>Commits by <c>OTA.Commit</c>; whether that was answered with success.</summary>
    public bool Commit()
    {
        Truth = Truth with { Stage = Stage.Committing };
        var answer = Call("OTA.Commit", []);
        Refused(answer, Stage.Committing, Stage.Trial);
        return answer is RpcOutcome.Succeeded;
    }

    /// <summary>Gives the trial up, or cancels what is armed or held.</summary>
    public bool Revert()
    {
        var before = Truth.Stage;
        var trial = before == Stage.Trial;
        Truth = trial
            ? Truth with { Stage = Stage.Ending, Reasons = [.. Truth.Reasons, OutcomeCode.Reverted] }
            : Truth with { Stage = Stage.Cancelling };
        var answer = Call("OTA.Revert", []);
        Refused(answer, Stage.Cancelling, before);
        return answer is RpcOutcome.Succeeded;
    }

    /// <summary>The user changes a setting, which is saved.</summary>
    public bool SetColour(string colour) => ChangeFiles(
        files => files.With("conf.json", FileFact.File(ConfigText.Format(new JsonObject { ["app"] = new JsonObject { ["colour"] = colour } }))),
        "Config.Set",
        new JsonObject { ["config"] = new JsonObject { ["app"] = new JsonObject { ["colour"] = colour } }, ["save"] = true });

    /// <summary>The user puts a file.</summary>
    public bool Put(string path, byte[] bytes) => ChangeFiles(
        files => files.With(path, FileFact.File(bytes, files.Entries.GetValueOrDefault(path)?.Mode ?? 0x1A4)),
        "FS.Put",
        new JsonObject { ["filename"] = path, ["data"] = Convert.ToBase64String(bytes) });

    public bool RemoveFile(string path) =>
        ChangeFiles(files => files.Without(path), "FS.Remove", new JsonObject { ["filename"] = path });

    public bool RenameFile(string from, string to) => ChangeFiles(
        files => files.Entries.TryGetValue(from, out var fact) ? files.Without(from).With(to, fact) : files, "FS.Rename", new JsonObject { ["src"] = from, ["dst"] = to });

    /// <summary>Copies the running firmware into the other slot.</summary>
    public bool Snapshot() => Call("OTA.CreateSnapshot", []) is RpcOutcome.Succeeded;

    /// <summary>A call to the agent; none when there was no answer.</summary>
    public RpcOutcome? Call(string method, JsonObject arguments)
    {
        RpcOutcome? outcome = null;
        var called = agent;
        if (called is null)
        {
            return null;
        }
        using var json = JsonDocument.Parse(arguments.ToJsonString());
        Asked(() => outcome = called.Calls.InvokeAsync(method, json.RootElement, World, CancellationToken.None).GetAwaiter().GetResult());
        Log($"world: {method}: {(outcome is RpcOutcome.Failed(var error) ? error.Message : "answered")}");
        return agentProcess.Lives ? outcome : null;
    }

    void IDevicePrograms.StartAgent(RunMode mode)
    {
        if (mode == RunMode.Recovery)
        {
            // An agent that asked for this must not swallow it.
            throw broken = DeviceChecks.Broken("the device has nothing to start (recovery)");
        }
        events.Enqueue(StartAgent);
    }

    void IDevicePrograms.StartFirmware(SlotId slot, Supervision now)
    {
        Release release;
        try
        {
            release = Expect(slot, now);
        }
        catch (ViolationException violation)
        {
            // An agent that asked for this must not swallow it.
            broken = violation;
            throw;
        }
        firmware = new SimProcess();
        behaviour = release.Behaviour;
        sabotage.FirmwareStarted();
        var started = firmware;
        events.Enqueue(() =>
        {
            if (started.Lives)
            {
                Behave(slot);
            }
        });
    }

    void IDevicePrograms.StopFirmware(TimeSpan atMost)
    {
        firmware.Lives = false;
        events.Enqueue(() => cycle!.Take(new SupervisionEvent.FirmwareExited(new ExitStatus(0, SigKill))));
    }

    void IDevicePrograms.StopAll(TimeSpan atMost)
    {
        firmware.Lives = false;
        if (Truth.Stage == Stage.Armed)
        {
            Truth = Truth with { Stage = Stage.Starting };
        }
        events.Enqueue(() =>
        {
            // Asked to end, it puts its things in order.
            agent?.DisposeAsync().AsTask().GetAwaiter().GetResult();
            agent = null;
            agentProcess.Lives = false;
            cycle!.Take(new SupervisionEvent.AllStopped());
        });
    }

    void IDevicePrograms.Answer(SupervisionEffect.Answer answer)
    {
        if (answer.Reply.Done)
        {
            // From here on the asker may know, whatever else the boot loader still does.
            Truth = (Truth.Stage, asked) switch
            {
                (Stage.Committing, "commit") => Truth.Committed(),
                (Stage.Finishing, "arm") or (Stage.Activating, "activate") => Truth with { Stage = Stage.Armed },
                (Stage.Finishing, "hold") => Truth with { Stage = Stage.Held },
                (Stage.Cancelling, "revert") => Truth.Gone(Truth.Told),
                _ => Truth,
            };
        }
        callers!.Give(answer);
    }

    private void StartBootLoader()
    {
        var process = bootLoader = new SimProcess();
        events.Clear();
        Guarded(() =>
        {
            var volume = process.Volume = new ProcessVolume(storage, () => process.Lives, path => chaos(process, path));
            var board = Board.Parse(volume.ReadSmall(DeviceRoot.BoardPath, MostBoardBytes));
            var clock = new ProcessClock(Clock, () => process.Lives);
            var device = new DeviceRoot(Root, volume, board, () => throw new InvalidOperationException("the boot loader asks itself nothing"));
            try
            {
                DeviceRoot.MakeDirectories(volume);
            }
            catch (StorageException fault)
            {
                Log($"directories: {fault.Message}");
            }
            cycle = new BootCycle(device, volume, new Guid(kernels, 0, 0, new byte[8]), clock, Owner, this, Log);
            callers = new LinkCallers(
                new SlotStore(volume), clock, static action => action(), () => cycle.Now,
                () => BootStatusView.Of(cycle.Now, cycle.Moment.Uptime, 0), cycle.Take);
        });
        if (process.Lives)
        {
            Boot();
        }
        Settle();
    }

    /// <summary>What the system would take back from a process that ended.</summary>
    private void ForgetAgent()
    {
        agent?.Meters.Dispose();
        agent = null;
    }

    private void Boot()
    {
        booting = true;
        Guarded(() =>
        {
            cycle!.Boot();
            callers!.FoundIntact();
        });
        booting = false;
    }

    private void StartAgent()
    {
        var process = agentProcess = new SimProcess();
        lastConnection = 0;
        try
        {
            var volume = process.Volume = new ProcessVolume(storage, () => process.Lives, path => chaos(process, path));
            var board = Board.Parse(volume.ReadSmall(DeviceRoot.BoardPath, MostBoardBytes));
            var device = new DeviceRoot(Root, volume, board, () => new BootLink(sabotage.Link(
                new SimChannel(callers!, ++lastConnection, () => process.Lives, Asks), () => Truth.Candidate)));
            var clock = new ProcessClock(Clock, () => process.Lives);
            var begun = agent = DeviceAgent.Of(device, clock, Log);
            cycle!.Take(new SupervisionEvent.AgentReady());
            events.Enqueue(() => LookAtHealth(begun, clock));
        }
        catch (Exception fault) when (fault is IOException or RpcException)
        {
            Log($"agent: {fault.Message}");
            process.Lives = false;
            cycle!.Take(new SupervisionEvent.AgentExited(new ExitStatus(1, 0), fault.Message));
        }
    }

    /// <summary>The agent keeps to the health contract: a round of its probes, and the next one when it is due.</summary>
    private void LookAtHealth(DeviceAgent looking, ProcessClock clock)
    {
        if (agent == looking && agentProcess.Lives
            && looking.Health.LookAsync(CancellationToken.None).GetAwaiter().GetResult() is { } pause)
        {
            clock.CreateTimer(_ => LookAtHealth(looking, clock), null, pause, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>What the agent asks of the boot loader by itself; only a contract that holds lets it ask for a commit.</summary>
    private void Asks(string operation)
    {
        asked = operation;
        if (operation == "commit" && Truth is { Stage: Stage.Trial, Candidate.Behaviour: FirmwareBehaviour.KeepsContract }
            && Clock.GetElapsedTime(0) - cycle!.Now.StartedAt >= TimeSpan.FromSeconds(Release.MinTimeSeconds))
        {
            Truth = Truth with { Stage = Stage.Committing };
        }
    }

    /// <summary>Runs what a process does. One that is ended in the middle takes down what depends on it, and nothing else.</summary>
    private void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (ProcessEndedException)
        {
            // Who ended is seen below.
        }
        catch (ViolationException violation)
        {
            broken = violation;
        }
        if (broken is not null)
        {
            throw broken;
        }
        if (!bootLoader.Lives)
        {
            EndAll();
        }
        else if (agent is not null && !agentProcess.Lives)
        {
            KillAgent();
        }
    }

    /// <summary>As the world asks the agent: the answer comes before what follows from it.</summary>
    private void Asked(Action question)
    {
        Guarded(question);
        Settle();
    }

    private void Began(Release release)
    {
        Truth = Truth with { Candidate = release, Stage = Stage.Sending };
    }

    private void Finishing(bool last) => Truth = last ? Truth with { Stage = Stage.Finishing } : Truth;

    /// <summary>The caller was told that the update starts.</summary>
    private void Answered() => Truth = Truth.Stage == Stage.Finishing ? Truth with { Stage = Stage.Armed } : Truth;

    private UpdateResult Send(UpdateSession session, Release release, int pieces, bool whole)
    {
        var length = whole ? release.Bundle.Length : release.Bundle.Length * 2 / 3;
        var piece = length / pieces + 1;
        for (var offset = 0; offset < length; offset += piece)
        {
            if (session.Write(release.Bundle.AsSpan(offset, Math.Min(piece, length - offset))) is { } ended)
            {
                return ended;
            }
        }
        Finishing(whole);
        return session.Complete();
    }

    private void Ended(UpdateResult result)
    {
        if (!agentProcess.Lives)
        {
            return;
        }
        Log($"world: update: {result.Code} {result.Message}");
        if (result.NeedsRestart)
        {
            Answered();
        }
        else if (!result.Succeeded && Truth.Stage is Stage.Sending or Stage.Finishing)
        {
            Truth = Truth.Gone(Truth.Told);
        }
    }

    /// <summary>A refusal is an answer too: what was asked for did not happen, unless the medium is at fault and nobody knows.</summary>
    private void Refused(RpcOutcome? answer, Stage asked, Stage before)
    {
        if (answer is RpcOutcome.Failed && Truth.Stage == asked && !Truth.StorageFails)
        {
            Truth = Truth with { Stage = before };
        }
    }

    private bool ChangeFiles(Func<FileTree, FileTree> change, string method, JsonObject arguments)
    {
        // While it is under way, each state that may be there may have become the changed one.
        Truth = Truth with { FilesOr = [.. Truth.FilesOr, .. Truth.EachFiles().Select(change)] };
        var done = Call(method, arguments) is RpcOutcome.Succeeded;
        if (done)
        {
            var changed = Truth.EachFiles().Select(change).DistinctBy(tree => tree.Fingerprint).ToList();
            Truth = Truth with { Files = changed[0], FilesOr = [.. changed.Skip(1)] };
        }
        return done;
    }

    /// <summary>
    /// After a cut: which side of what was under way the cut fell on, by the record on the medium; and that it is on one of the two.
    /// </summary>
    private void Arrive(OutcomeCode cut)
    {
        DeviceChecks.AfterCut(Medium, Truth);
        // What is found after a mere end of processes may still be lost.
        arrivedByPower = cut == OutcomeCode.PowerLost;
        var record = DeviceChecks.Record(Medium)!;
        Truth = Truth with { Cuts = Truth.Cuts + 1 };
        var armed = !record.Committed && record.Active == Truth.CandidateSlot;
        switch (Truth.Stage)
        {
            case Stage.None when armed:
                throw DeviceChecks.Broken("the record is armed, and no update was sent");
            case Stage.Sending when armed:
                throw DeviceChecks.Broken("the record is armed, and not all of the update was sent");
            case Stage.Sending:
            case Stage.Finishing or Stage.Cancelling when !armed && record.Held != Truth.CandidateSlot:
                Truth = Truth.Gone(Truth.Told);
                break;
            case Stage.Finishing or Stage.Activating or Stage.Cancelling when armed:
                Truth = Truth with { Stage = Stage.Starting };
                break;
            case Stage.Finishing or Stage.Activating or Stage.Cancelling or Stage.Held when record.Held == Truth.CandidateSlot:
                Truth = Truth with { Stage = Stage.Held };
                break;
            case Stage.Held or Stage.Activating:
                throw DeviceChecks.Broken("an update was installed and held, and the record does not know it any more");
            case Stage.Armed when !armed:
                throw DeviceChecks.Broken("the device said that the update starts, and the record is not armed");
            case Stage.Armed:
                Truth = Truth with { Stage = Stage.Starting };
                break;
            case Stage.Starting when armed && record[record.Active].State != SlotState.Trial:
                break;
            case Stage.Starting or Stage.Trial or Stage.Committing or Stage.Ending
                when armed && record.TrialAttempts > 0 && cut == OutcomeCode.PowerLost:
                // Whatever else came before it has left no trace: to the device the power went, and nothing else.
                Truth = Truth with { Stage = Stage.Starting };
                break;
            case Stage.Committing when record.Committed && record.Active == Truth.CandidateSlot:
                Truth = Truth.Committed();
                break;
            case Stage.Starting or Stage.Trial or Stage.Committing or Stage.Ending:
                Truth = Truth with { Stage = Stage.Ending, Reasons = [.. Truth.Reasons, cut] };
                break;
            default:
                break;
        }
    }

    /// <summary>A firmware is about to be started: is it the right one, whole, and counted?</summary>
    private Release Expect(SlotId slot, Supervision now)
    {
        if (Truth.Candidate is { } candidate && slot == Truth.CandidateSlot)
        {
            if (Truth.Stage != Stage.Starting)
            {
                throw DeviceChecks.Broken($"{candidate} in slot {slot} was started; the update is at {Truth.Stage}");
            }
            if (now.Mode != RunMode.Trial || Truth.Starts >= Truth.Attempts)
            {
                throw DeviceChecks.Broken(FormattableString.Invariant(
                    $"{candidate} was started for the {Truth.Starts + 1}. time, in mode {now.Mode}, and never committed; it has {Truth.Attempts} attempts"));
            }
            DeviceChecks.DemandImage(Medium, slot, candidate, "");
            Truth = Truth with
            {
                CandidateFiles = DeviceChecks.DemandFiles(
                    Medium, slot, Truth.CandidateFiles is { } known ? [known] : Truth.Merged()),
                Starts = Truth.Starts + 1,
                Stage = Stage.Trial,
            };
            DeviceChecks.DemandGood(Medium, Truth);
            return candidate;
        }
        if (slot != Truth.GoodSlot)
        {
            throw DeviceChecks.Broken($"slot {slot} was started, and holds nothing that was ever committed");
        }
        ExpectGood(now);
        return Truth.Good;
    }

    private void ExpectGood(Supervision now)
    {
        var told = now.Record.LastOutcome;
        switch (Truth.Stage)
        {
            case Stage.Armed when booting:
                throw DeviceChecks.Broken("the device said that the update starts, and the old firmware was started again");
            case Stage.Ending or Stage.Trial or Stage.Starting:
                if (told == Truth.Told)
                {
                    throw DeviceChecks.Broken($"{Truth.Candidate} was to be tried, or is to be gone back from, and the device knows nothing of it");
                }
                if (told is null || !(Truth.Reasons.Contains(told.Code) || MayBeGivenUp(told.Code)))
                {
                    throw DeviceChecks.Broken(
                        $"the device fell back and says \"{told?.Text}\"; true would be {string.Join(" or ", Truth.Reasons)}");
                }
                if (told.Slot != Truth.CandidateSlot || told.Version != Truth.Candidate!.Version)
                {
                    throw DeviceChecks.Broken($"the device says that it left {told.Version} in slot {told.Slot}, and it left {Truth.Candidate}");
                }
                Truth = Truth.Gone(told);
                break;
            default:
                if (told != Truth.Told)
                {
                    throw DeviceChecks.Broken($"the device says \"{told?.Text}\", and nothing of the kind happened");
                }
                break;
        }
        if (now.Mode != RunMode.Committed)
        {
            throw DeviceChecks.Broken($"{Truth.Good} was started in mode {now.Mode}");
        }
        DeviceChecks.DemandImage(Medium, Truth.GoodSlot, Truth.Good, "");
        var found = DeviceChecks.DemandFiles(Medium, Truth.GoodSlot, Truth.EachFiles());
        Truth = arrivedByPower ? Truth with { Files = found, FilesOr = [] } : Truth;
        arrivedByPower = false;
    }

    private bool MayBeGivenUp(OutcomeCode code) => code switch
    {
        OutcomeCode.MergeFailed => Truth.StorageFails || Truth.Cuts >= BootTransitions.MergeAttempts,
        OutcomeCode.RecordNotWritable or OutcomeCode.AgentNotReady or OutcomeCode.AgentUnusable => Truth.StorageFails,
        _ => false,
    };

    private void Behave(SlotId slot)
    {
        switch (behaviour)
        {
            case FirmwareBehaviour.Good or FirmwareBehaviour.KeepsContract or FirmwareBehaviour.BreaksContract:
                cycle!.Take(new SupervisionEvent.FirmwareReady());
                break;
            case FirmwareBehaviour.Exits:
                EndFirmware(new ExitStatus(ExitCode, 0), OutcomeCode.Exited);
                break;
            case FirmwareBehaviour.Crashes:
                EndFirmware(new ExitStatus(0, SigSegv), OutcomeCode.Signaled);
                break;
            case FirmwareBehaviour.Hangs:
                break;
            case FirmwareBehaviour.Starves:
                cycle!.Take(new SupervisionEvent.FirmwareReady());
                cycle.Take(new SupervisionEvent.FirmwarePinged());
                break;
            case FirmwareBehaviour.WipesFiles:
                foreach (var entry in Medium.List(SlotPaths.Files(slot)))
                {
                    Medium.RemoveTree($"{SlotPaths.Files(slot)}/{entry.Name}");
                }
                EndFirmware(new ExitStatus(ExitCode, 0), OutcomeCode.Exited);
                break;
            case FirmwareBehaviour.FillsMedium:
                Fill(slot);
                EndFirmware(new ExitStatus(ExitCode, 0), OutcomeCode.Exited);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private void Fill(SlotId slot)
    {
        try
        {
            using var file = Medium.Create($"{SlotPaths.Files(slot)}/filler", 0x1A4);
            file.Write(new byte[(int)Medium.FreeBytes], 0);
        }
        catch (StorageException)
        {
            // Full it is.
        }
    }

    private void EndFirmware(ExitStatus status, OutcomeCode reason)
    {
        firmware.Lives = false;
        Ends(reason);
        cycle!.Take(new SupervisionEvent.FirmwareExited(status));
    }

    private void Ends(params OutcomeCode[] reasons)
    {
        if (Truth.Stage is Stage.Trial or Stage.Committing)
        {
            Truth = Truth with { Stage = Stage.Ending, Reasons = [.. Truth.Reasons, .. reasons] };
        }
    }

    /// <summary>Which deadlines have truly passed, by the world's own reckoning.</summary>
    private void NoteDeadlines()
    {
        if (Truth.Stage != Stage.Trial)
        {
            return;
        }
        var now = cycle!.Now;
        var ran = Clock.GetElapsedTime(0) - now.StartedAt;
        if (behaviour is FirmwareBehaviour.KeepsContract or FirmwareBehaviour.BreaksContract
            && ran >= TimeSpan.FromSeconds(Release.MaxTimeSeconds))
        {
            // Which of them it is depends on whether the agent came to tell, and what.
            Ends(OutcomeCode.HealthFailed, OutcomeCode.NoCommit);
        }
        else if (ran >= TimeSpan.FromSeconds(CommitTimeoutSeconds))
        {
            Ends(OutcomeCode.NoCommit);
        }
        else if (behaviour == FirmwareBehaviour.Hangs && ran >= now.Settings.ReadyTimeout)
        {
            Ends(OutcomeCode.NotReady);
        }
        else if (behaviour == FirmwareBehaviour.Starves && ran >= now.Settings.Watchdog)
        {
            Ends(OutcomeCode.WatchdogStarved);
        }
    }

    private static void Demand(RpcOutcome? outcome)
    {
        if (outcome is RpcOutcome.Failed(var error))
        {
            throw DeviceChecks.Broken($"a call that must succeed was refused: {error.Message}");
        }
    }
}
