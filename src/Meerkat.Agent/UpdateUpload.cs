using System.Globalization;
using System.IO.Pipelines;
using Meerkat.Device;
using Meerkat.Device.Updates;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Meerkat.Agent;

/// <summary>
/// <c>POST /update</c> with a form (specification 5.1): every part with a file name is firmware, taken as it comes and never kept. The
/// place for the update is taken before the body is read, so that a refusal reaches a sender that waits for <c>100 Continue</c>.
/// </summary>
internal sealed class UpdateUpload(DeviceAgent agent, CancellationToken stopping)
{
    public static bool IsForm(HttpRequest request) =>
        request.ContentType?.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) == true;

    public async Task AnswerAsync(HttpContext context)
    {
        UnreadBody.Unbound(context);
        var values = agent.Config.Values;
        if (!values.Flag("update.enable_post"))
        {
            await AnswerAsync(context, StatusCodes.Status400BadRequest, "POST updates are disabled.", bodyBegun: false);
            return;
        }
        var boundary = MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type)
            ? HeaderUtilities.RemoveQuotes(type.Boundary).ToString()
            : "";
        if (boundary.Length is 0 or > 200)
        {
            await AnswerAsync(
                context, StatusCodes.Status400BadRequest, "the form's Content-Type names no usable boundary\r\n", bodyBegun: false);
            return;
        }
        var begin = agent.Updates.Begin(new UpdateOptions
        {
            // The bundle's own length is not known: the request's counts the form's lines too.
            CommitTimeoutSeconds = (int)values.WholeNumber("update.commit_timeout"),
            ExpectedBytes = context.Request.ContentLength,
        });
        if (begin is not UpdateBegin.Started { Session: var session })
        {
            var refused = (UpdateBegin.Refused)begin;
            await AnswerAsync(context, StatusCodes.Status409Conflict, $"-1 {refused.Text}\r\n", bodyBegun: false);
            return;
        }
        using (session)
        {
            await ReceiveAsync(context, session, boundary, TimeSpan.FromSeconds(values.WholeNumber("update.timeout")));
        }
    }

    private async Task ReceiveAsync(HttpContext context, UpdateSession session, string boundary, TimeSpan timeout)
    {
        using var watch = new StallWatch(timeout, agent.Time, context.RequestAborted, stopping);
        var form = new UploadedForm(boundary, session, watch);
        try
        {
            // What the address says counts where the form says nothing.
            foreach (var name in new[] { "commit_timeout", "activate", "force" })
            {
                if (context.Request.Query.TryGetValue(name, out var value))
                {
                    form.Set(name, value.ToString());
                }
            }
            var end = await ReadFormAsync(context.Request.BodyReader, form, watch.Token);
            await FinishAsync(context, end ?? session.Complete());
        }
        catch (FormException fault)
        {
            session.Abort(fault.Message);
            await AnswerAsync(context, StatusCodes.Status400BadRequest, $"{fault.Message}\r\n", bodyBegun: true);
        }
        catch (OperationCanceledException) when (watch.Expired)
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"Update timed out: too little came within {timeout.TotalSeconds:0} s");
            await BreakOffAsync(context, session, StatusCodes.Status500InternalServerError, text);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            await BreakOffAsync(context, session, StatusCodes.Status503ServiceUnavailable, "the device is shutting down");
        }
        catch (Exception fault) when (fault is BadHttpRequestException or OperationCanceledException)
        {
            // The request is cut off; where the sender still listens, it hears so.
            await BreakOffAsync(context, session, StatusCodes.Status500InternalServerError, "Update aborted");
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException)
        {
            await BreakOffAsync(
                context, session, StatusCodes.Status400BadRequest, $"the body is no whole form ({fault.Message})");
        }
    }

    /// <summary>An end when the update ended before its form did; none when all of the form has been taken.</summary>
    private static async Task<UpdateResult?> ReadFormAsync(PipeReader body, UploadedForm form, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await body.ReadAsync(cancellationToken);
            try
            {
                foreach (var piece in read.Buffer)
                {
                    if (form.Take(piece.Span) is { } ended)
                    {
                        return ended;
                    }
                }
            }
            finally
            {
                // Also after a fault: the rest of the body is still to be dropped.
                body.AdvanceTo(read.Buffer.End);
            }
            if (read.IsCompleted)
            {
                form.Complete();
                return null;
            }
        }
    }

    private async Task FinishAsync(HttpContext context, UpdateResult result)
    {
        var status = Answers.StatusOf(result);
        try
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"{result.Code} {result.Message}\r\n");
            await AnswerAsync(context, status, text, bodyBegun: true);
        }
        finally
        {
            // The slot is armed: a sender that went away in the last moment does not keep the device from restarting.
            if (result.NeedsRestart)
            {
                agent.Restart.Schedule(DeviceRestart.AfterAnswer, force: false);
            }
        }
    }

    private async Task BreakOffAsync(HttpContext context, UpdateSession session, int status, string text)
    {
        var result = session.Abort(text);
        if (!context.RequestAborted.IsCancellationRequested)
        {
            context.Response.Headers.Connection = "close";
            await Answers.TextAsync(context, status, $"{result.Code} {text}\r\n");
        }
    }

    /// <summary>Answers, and then drops what is still coming.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">Of the answer.</param>
    /// <param name="text">The answer.</param>
    /// <param name="bodyBegun">Something of the body has been read; else a sender that waits for 100 Continue sends none of it.</param>
    private async Task AnswerAsync(HttpContext context, int status, string text, bool bodyBegun)
    {
        await Answers.TextAsync(context, status, text);
        if (!bodyBegun && context.Request.Headers.Expect.Count > 0)
        {
            return;
        }
        await UnreadBody.DropAsync(context, agent.Time, stopping);
    }
}
