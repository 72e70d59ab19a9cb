using System.Globalization;
using System.Text;
using Meerkat.Core.Protocol;
using Meerkat.Core.Updates;
using Meerkat.Device;
using Meerkat.Device.Downloads;
using Meerkat.Device.Updates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace Meerkat.Agent;

/// <summary><c>/update</c> without a form (specification 5.2): the device fetches the bundle. Answered when that has ended.</summary>
internal sealed class UpdatePull(DeviceAgent agent)
{
    private const int MostBodyBytes = 16 * 1024;

    public async Task AnswerAsync(HttpContext context)
    {
        var form = await ReadFormAsync(context);
        var values = agent.Config.Values;
        var commitTimeout = (int)values.WholeNumber("update.commit_timeout");
        if (Value(context, form, "commit_timeout") is { } text)
        {
            (commitTimeout, var problem) = UpdateForm.CommitTimeout(text);
            if (problem is not null)
            {
                await Answers.TextAsync(context, StatusCodes.Status400BadRequest, $"{problem}\r\n");
                return;
            }
        }
        var activate = true;
        if (Value(context, form, "activate") is { } flag)
        {
            (activate, var problem) = UpdateForm.Flag("activate", flag);
            if (problem is not null)
            {
                await Answers.TextAsync(context, StatusCodes.Status400BadRequest, $"{problem}\r\n");
                return;
            }
        }
        var force = false;
        if (Value(context, form, "force") is { } forced)
        {
            (force, var problem) = UpdateForm.Flag("force", forced);
            if (problem is not null)
            {
                await Answers.TextAsync(context, StatusCodes.Status400BadRequest, $"{problem}\r\n");
                return;
            }
        }
        var address = Value(context, form, "url") ?? values.Text("update.url");
        var addresses = BundleAddresses.Parse(address);
        if (addresses is BundleAddresses.Rejected rejected)
        {
            await Answers.TextAsync(context, StatusCodes.Status400BadRequest, $"url {rejected.Reason}\r\n");
            return;
        }
        if (addresses is not BundleAddresses.Found { Addresses: { Length: > 0 } found })
        {
            await Answers.TextAsync(
                context, StatusCodes.Status400BadRequest, "Update URL not specified and none is configured.\r\n");
            return;
        }
        var options = new UpdateOptions
        {
            CommitTimeoutSeconds = commitTimeout,
            IgnoreSameVersion = IgnoreSameVersion(Value(context, form, "ignore_same_version")),
            Activate = activate,
            Force = force,
        };
        switch (agent.Pulls.Start(found, options, TimeSpan.FromSeconds(values.WholeNumber("update.timeout"))))
        {
            case PullStart.Refused { Busy: true, Text: "another update is in progress" }:
                await Answers.TextAsync(context, StatusCodes.Status409Conflict, "Another update is in progress.\r\n");
                break;
            case PullStart.Refused refused:
                await Answers.TextAsync(context, StatusCodes.Status409Conflict, $"Failed to create updater context: {refused.Text}\r\n");
                break;
            case PullStart.Started started:
                var result = await started.End.WaitAsync(context.RequestAborted);
                await Answers.TextAsync(
                    context,
                    Answers.StatusOf(result),
                    string.Create(CultureInfo.InvariantCulture, $"({result.Code}) {result.Message}\r\n"));
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>Greater than 0 means yes (specification 5.2), and so does <c>true</c>; yes where nothing is said.</summary>
    private static bool IgnoreSameVersion(string? text) =>
        text is null || text.Equals("true", StringComparison.OrdinalIgnoreCase) || (WholeNumbers.TryParse(text, out var number) && number > 0);

    private static string? Value(HttpContext context, Dictionary<string, StringValues> form, string name) =>
        form.TryGetValue(name, out var inForm) ? inForm[0]
        : context.Request.Query.TryGetValue(name, out var inQuery) ? inQuery[0]
        : null;

    /// <summary>The fields of a urlencoded body; none when it is anything else.</summary>
    private static async Task<Dictionary<string, StringValues>> ReadFormAsync(HttpContext context)
    {
        if (context.Request.ContentType?.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) != true)
        {
            return [];
        }
        var body = new byte[MostBodyBytes];
        var length = 0;
        while (length < body.Length && await context.Request.Body.ReadAsync(body.AsMemory(length), context.RequestAborted) is > 0 and var count)
        {
            length += count;
        }
        return QueryHelpers.ParseQuery(Encoding.UTF8.GetString(body, 0, length));
    }
}
