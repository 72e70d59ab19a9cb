using Meerkat.Boot.Link;
using Meerkat.Boot.Posix;
using Meerkat.Core.Boot;
using Meerkat.Core.Bundles;
using Meerkat.Core.Updates;
using Meerkat.Core.Values;
using Meerkat.Device.Telemetry;
using Meerkat.Storage;

namespace Meerkat.Device.Updates;

/// <summary>
/// An update that runs. Bytes go in in order, in pieces of any size; storage work is done in the caller's thread. The
/// connection to the boot loader is its lease: whoever drops it lets the next one in.
/// </summary>
public sealed class UpdateSession : IDisposable
{
    private const int StorageFault = -11;

    private readonly Lock gate = new();
    private readonly SlotStore slots;
    private readonly BootLink link;
    private readonly UserId owner;
    private readonly SlotId target;
    private readonly Func<bool, AdmissionFacts> gather;
    private readonly Func<GateQuestion, GateAnswer> ask;
    private readonly Action held;
    private readonly FirmwareVersion running;
    private readonly UpdateTrace trace;
    private readonly BundleReader reader;
    private readonly long? expectedBytes;

    private UpdateState state = new UpdateState.Receiving();
    private ulong sequence;
    private BundleHead? head;
    private int? signatures;
    private SlotWriter? writer;
    private bool bundleEnded;
    private bool disposed;

    internal UpdateSession(
        SlotStore slots,
        BootLink link,
        BootStatus status,
        UserId owner,
        UpdateOptions options,
        Func<bool, AdmissionFacts> gather,
        Func<GateQuestion, GateAnswer> ask,
        Action held,
        UpdateTrace trace)
    {
        this.slots = slots;
        this.link = link;
        this.owner = owner;
        this.gather = gather;
        this.ask = ask;
        this.held = held;
        running = status.FirmwareIn(status.Running);
        this.trace = trace;
        sequence = status.Sequence;
        target = new SlotId(status.Running ?? status.Active).Other;
        expectedBytes = options.AnnouncedBytes ?? options.ExpectedBytes;
        CommitTimeoutSeconds = options.CommitTimeoutSeconds;
        Activate = options.Activate;
        Force = options.Force;
        reader = new BundleReader(new Sink(this), announcedBytes: options.AnnouncedBytes);
    }

    /// <summary>May be changed until <see cref="Complete"/>: a form may name it after the file.</summary>
    public int CommitTimeoutSeconds { get; set; }

    /// <summary>Whether it is started at its end; false: it is held. May be changed until <see cref="Complete"/>.</summary>
    public bool Activate { get; set; }

    /// <summary>
    /// Also a bundle that failed its trial on this device too often. May be changed until its manifest has been read: nothing is
    /// written before that is decided.
    /// </summary>
    public bool Force { get; set; }

    /// <summary>Bytes taken so far.</summary>
    public long ReceivedBytes { get; private set; }

    /// <summary>The bytes of the bundle are at fault, not what it is: the same bundle from elsewhere may be whole.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>The update ended because its bundle is the one that runs.</summary>
    public bool RunsAlready { get; private set; }

    /// <summary>How the update ended; none while it runs.</summary>
    public UpdateResult? Result => state is UpdateState.Ended ended
        ? new UpdateResult(ended.Code, ended.Text, ended.NeedsRestart)
        : null;

    internal UpdateStatus Status
    {
        get
        {
            var percent = expectedBytes is > 0 ? (int)Math.Min(100, ReceivedBytes * 100.0 / expectedBytes.Value) : 0;
            var status = state switch
            {
                UpdateState.Ended { NeedsRestart: true } ended => new UpdateStatus(3, ended.Text, 100, "armed"),
                UpdateState.Ended { Code: > 0 } ended => new UpdateStatus(3, ended.Text, percent, "idle"),
                UpdateState.Ended ended => new UpdateStatus(2, ended.Text, percent, "idle"),
                UpdateState.Receiving or UpdateState.Admitted => new UpdateStatus(1, "progress", percent, "receiving"),
                UpdateState.Verifying or UpdateState.Installed or UpdateState.Arming or UpdateState.Holding => new UpdateStatus(1, "progress", percent, "verifying"),
                _ => new UpdateStatus(1, "progress", percent, "writing"),
            };
            return status with { Signatures = signatures };
        }
    }

    /// <summary>Takes the next bytes. A result means that the update has ended; what follows is ignored.</summary>
    public UpdateResult? Write(ReadOnlySpan<byte> bytes)
    {
        lock (gate)
        {
            if (Result is null)
            {
                ReceivedBytes += bytes.Length;
                trace.Received(bytes.Length);
                try
                {
                    if (reader.Push(bytes) is { } problem)
                    {
                        TakeDamage(problem.Text);
                    }
                }
                catch (Exception fault) when (fault is IOException)
                {
                    Take(Failure(fault));
                }
            }
            return Ended();
        }
    }

    /// <summary>The bundle is all there: verifies, seals and arms.</summary>
    public UpdateResult Complete()
    {
        lock (gate)
        {
            if (Result is null)
            {
                var problem = reader.Complete();
                var whole = problem is null && bundleEnded;
                if (whole)
                {
                    Take(new UpdateEvent.BundleEnded(Activate));
                }
                else
                {
                    TakeDamage(problem?.Text ?? "the bundle ended before its archive did");
                }
            }
            return Ended()!;
        }
    }

    /// <summary>Gives the update up; the target slot stays empty. After an end it does nothing.</summary>
    public UpdateResult Abort(string reason)
    {
        lock (gate)
        {
            if (Result is null)
            {
                Take(new UpdateEvent.Failed(-1, reason));
            }
            return Ended()!;
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (!disposed)
            {
                Abort("Update aborted");
                disposed = true;
            }
        }
    }

    private UpdateResult? Ended()
    {
        if (Result is { } result && !disposed)
        {
            // Whoever waits for its turn need not wait for the caller to let go of this.
            disposed = true;
            trace.Ended(result, ReceivedBytes);
            writer?.Dispose();
            reader.Dispose();
            ReleaseLease();
        }
        return Result;
    }

    private void ReleaseLease()
    {
        try
        {
            link.Release();
        }
        catch (IOException)
        {
            // The boot loader is gone, and the lease with it.
        }
        finally
        {
            link.Dispose();
        }
    }

    private void Take(UpdateEvent happened)
    {
        (state, var effects) = UpdateMachine.Step(state, happened);
        trace.Entered(state, happened);
        foreach (var effect in effects)
        {
            try
            {
                Perform(effect);
            }
            catch (Exception fault) when (fault is IOException)
            {
                if (effect is not UpdateEffect.CleanUp)
                {
                    Take(Failure(fault));
                }
            }
        }
    }

    /// <summary>What is found in bytes that come after the end says nothing.</summary>
    private void TakeDamage(string text)
    {
        IsDamaged |= state is not UpdateState.Ended;
        Take(new UpdateEvent.Failed(-1, text));
    }

    private void Perform(UpdateEffect effect)
    {
        switch (effect)
        {
            case UpdateEffect.AskGate gate:
                var question = new GateQuestion(gate.Point, gate.Manifest.Name, gate.Manifest.Firmware, running, gate.Target)
                {
                    Signatures = signatures,
                };
                Take(new UpdateEvent.GateAnswered(ask(question)));
                break;
            case UpdateEffect.Invalidate invalidate:
                TakeReply(link.Invalidate(sequence, invalidate.Target), new UpdateEvent.Invalidated());
                break;
            case UpdateEffect.BeginSlot:
                writer!.Begin();
                break;
            case UpdateEffect.Seal seal:
                writer!.Seal(seal.Manifest, head!.ManifestBytes.Span, seal.Image);
                Take(new UpdateEvent.Sealed());
                break;
            case UpdateEffect.Arm arm:
                TakeReply(
                    link.Arm(sequence, arm.Target, Installed(arm.Manifest, arm.Image), CommitTimeoutSeconds), new UpdateEvent.Armed());
                break;
            case UpdateEffect.Hold hold:
                TakeReply(
                    link.Hold(sequence, hold.Target, Installed(hold.Manifest, hold.Image), CommitTimeoutSeconds, hold.ActivatesItself),
                    new UpdateEvent.Held());
                if (hold.ActivatesItself)
                {
                    held();
                }
                break;
            case UpdateEffect.CleanUp cleanUp:
                writer?.Dispose();
                slots.Remove(cleanUp.Target);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private SlotRecord Installed(Manifest manifest, CompletedPart image) =>
        new(SlotState.Written, manifest.Firmware, image.Sha256, image.SizeBytes, 0, BundleMark.Of(head!.ManifestBytes.Span));

    private void TakeReply(LinkReply reply, UpdateEvent done)
    {
        sequence = reply.Sequence;
        Take(reply.Refusal == BootRefusal.None ? done : new UpdateEvent.Failed(-1, reply.Text));
    }

    private static UpdateEvent.Failed Failure(Exception fault) => fault switch
    {
        StorageException { IsNoSpace: true } => new UpdateEvent.Failed(StorageFault, $"Write failed: the medium is full ({fault.Message})"),
        StorageException => new UpdateEvent.Failed(StorageFault, $"Write failed: {fault.Message}"),
        _ => new UpdateEvent.Failed(-1, $"the boot loader does not answer: {fault.Message}"),
    };

    /// <summary>What the reader finds goes to the machine and into the slot.</summary>
    private sealed class Sink(UpdateSession session) : IBundleSink
    {
        public bool Manifest(BundleHead head)
        {
            using var verify = session.trace.Verify();
            session.head = head;
            if (HostParts.Of(head.Manifest) is HostParts.Found parts)
            {
                session.writer = new SlotWriter(session.slots, session.target, session.owner, parts);
            }
            var admission = UpdateAdmission.Of(head, session.gather(session.Force));
            session.signatures = admission.Signatures;
            verify?.Dispose();
            session.RunsAlready = admission is UpdateAdmission.Same;
            session.Take(new UpdateEvent.HeadWeighed(head.Manifest, session.target, admission));
            return session.Result is null;
        }

        public PartChoice PartBegin(BundlePart part) => session.writer!.PartBegin(part);

        public bool PartData(ReadOnlySpan<byte> data) => GoesOn(session.writer!.PartData(data));

        public bool PartEnd(CompletedPart part)
        {
            if (!GoesOn(session.writer!.PartEnd()))
            {
                return false;
            }
            if (HostParts.Of(session.head!.Manifest) is HostParts.Found found && found.App.Name == part.Name)
            {
                session.Take(new UpdateEvent.ImageWritten(part));
            }
            return true;
        }

        public void End() => session.bundleEnded = true;

        private bool GoesOn(BundleProblem? problem)
        {
            if (problem is not null)
            {
                session.TakeDamage(problem.Text);
            }
            return problem is null;
        }
    }
}
