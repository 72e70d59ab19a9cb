using Meerkat.Core.Access;
using Meerkat.Device;
using Meerkat.Device.Access;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Meerkat.Agent;

/// <summary>Lets a request through to an endpoint when its sender has proved to be somebody, where <c>http.auth_*</c> is set.</summary>
internal sealed class HttpAccess(DeviceAgent agent, CancellationToken stopping)
{
    private static readonly object UserItem = new();

    /// <summary>For everything that is no call; calls have rights of their own.</summary>
    public RequestDelegate Guard(RequestDelegate endpoint) => context =>
    {
        if (agent.Login.ForPages is not { } credentials)
        {
            return endpoint(context);
        }
        var user = UserOf(context, credentials);
        return user.Name is null ? ChallengeAsync(context, credentials, user.Stale) : endpoint(context);
    };

    /// <summary>Who makes a call by this request, or opens a WebSocket for calls; nothing when nobody has proved to be anybody.</summary>
    public string? UserOfCall(HttpContext context) =>
        agent.Login.ForCalls is { } credentials ? UserOf(context, credentials).Name : null;

    /// <summary>Answers 401: a call needs a user.</summary>
    public Task ChallengeCallAsync(HttpContext context) => agent.Login.ForCalls is { } credentials
        ? ChallengeAsync(context, credentials, UserOf(context, credentials).Stale)
        : Answers.TextAsync(
            context, StatusCodes.Status403Forbidden, "unauthorized: a user is needed, and neither rpc.auth_file nor http.auth_file names one\r\n");

    /// <summary>A proof counts once, so it is looked at once, however often it is asked for.</summary>
    private HttpUser UserOf(HttpContext context, Credentials credentials)
    {
        if (context.Items.TryGetValue(UserItem, out var known))
        {
            return (HttpUser)known!;
        }
        var header = context.Request.Headers.Authorization;
        var user = header is [{ } one]
            ? agent.Login.Check(credentials, one, context.Request.Method, context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget)
            : default;
        context.Items[UserItem] = user;
        return user;
    }

    /// <summary>As the original: without a body (specification 5.4).</summary>
    private async Task ChallengeAsync(HttpContext context, Credentials credentials, bool stale)
    {
        UnreadBody.Unbound(context);
        var response = context.Response;
        response.StatusCode = StatusCodes.Status401Unauthorized;
        response.Headers.WWWAuthenticate = agent.Login.Challenge(credentials, stale);
        response.ContentLength = 0;
        await response.CompleteAsync();
        // Who waits for 100 Continue sends nothing more.
        if (context.Request.Headers.Expect.Count == 0)
        {
            await UnreadBody.DropAsync(context, agent.Time, stopping);
        }
    }
}
