using System.Collections.Concurrent;
using Meerkat.Boot.Link;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>
/// Who asks over the boot socket. A caller waits in the thread of its connection, where images are read that a decision needs; the
/// decision itself is taken by the supervising thread.
/// </summary>
/// <param name="slots">For images.</param>
/// <param name="clock">Tells how old a check is.</param>
/// <param name="post">Has something done by the supervising thread.</param>
/// <param name="supervision">The state in force; read from any thread.</param>
/// <param name="status">What a status request is told; asked on the supervising thread.</param>
/// <param name="take">Has an event taken, on the supervising thread.</param>
internal sealed class LinkCallers(
    SlotStore slots,
    TimeProvider clock,
    Action<Action> post,
    Func<Supervision> supervision,
    Func<BootStatus> status,
    Action<SupervisionEvent> take)
{
    private static readonly TimeSpan CheckAgain = TimeSpan.FromDays(1);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<long, TaskCompletionSource<BootAnswer>> waiting = [];
    private TimeSpan checkedAt;
    private long lastRequest;

    private TimeSpan Uptime => clock.GetElapsedTime(0);

    /// <summary>The boot sequence has just read the running slot's image.</summary>
    public void FoundIntact() => checkedAt = Uptime;

    /// <summary>The supervision's answer to a request.</summary>
    public void Give(SupervisionEffect.Answer answer)
    {
        if (waiting.TryRemove(answer.Id, out var caller))
        {
            caller.SetResult(answer.Reply);
        }
    }

    /// <summary>A connection has closed, and with it goes the lease that it held.</summary>
    public void Gone(long connection) => post(() => take(new SupervisionEvent.Disconnected(connection)));

    public LinkReply Ask(long connection, LinkRequest line)
    {
        switch (line.Operation)
        {
            case "status":
                return TakeNow(status) is { } told
                    ? new LinkReply(BootRefusal.None, "", told.Sequence, told)
                    : Busy("ask again");
            case "release":
                return TakeNow(() => Released(connection)) ?? Busy("close the connection instead");
            default:
                return Request(connection, line);
        }
    }

    private LinkReply Released(long connection)
    {
        take(new SupervisionEvent.Disconnected(connection));
        return new LinkReply(BootRefusal.None, "", supervision().Record.Sequence);
    }

    /// <summary>Has something done by the supervising thread; nothing when it has no time for it.</summary>
    private T? TakeNow<T>(Func<T> action)
        where T : class
    {
        var told = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        post(() => told.SetResult(action()));
        return told.Task.Wait(AnswerTimeout) ? told.Task.Result : null;
    }

    private LinkReply Request(long connection, LinkRequest line)
    {
        var intact = line.Operation != "invalidate" || RunningIntact();
        var unbootable = line.Operation == "set_state" ? Unbootable(line) : "";
        var (request, problem) = LinkServer.Read(line, intact, unbootable);
        if (request is null)
        {
            return new LinkReply(BootRefusal.BadRequest, problem, 0);
        }
        var id = Interlocked.Increment(ref lastRequest);
        var answer = new TaskCompletionSource<BootAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting[id] = answer;
        post(() => take(new SupervisionEvent.Requested(id, connection, request)));
        return answer.Task.Wait(AnswerTimeout)
            ? new LinkReply(answer.Task.Result.Refusal, answer.Task.Result.Text, answer.Task.Result.Sequence)
            : Busy("look at the status before you ask again");
    }

    /// <summary>Found intact at the boot; read again when that is more than a day ago.</summary>
    private bool RunningIntact()
    {
        var now = supervision();
        if (now.Running is not { } running || Uptime - checkedAt < CheckAgain)
        {
            return true;
        }
        var problem = slots.CheckImage(running, now.Record[running].Image, now.Record[running].ImageBytes);
        checkedAt = problem.Length == 0 ? Uptime : checkedAt;
        return problem.Length == 0;
    }

    /// <summary>What is wrong with a slot that a request wants to be the next or the fallback; empty when nothing is.</summary>
    private string Unbootable(LinkRequest line)
    {
        var record = supervision().Record;
        foreach (var number in new[] { line.Slot, line.Fallback })
        {
            if (LinkServer.Slot(number) is { } slot && slots.Check(slot, record[slot]) is { Health: SlotHealth.Broken, Problem: var problem })
            {
                return $"slot {slot} cannot be started: {problem}";
            }
        }
        return "";
    }

    private static LinkReply Busy(string advice) =>
        new(BootRefusal.Stopping, $"the boot loader is busy; {advice}", 0);
}
