using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Meerkat.Core.Access;

namespace Meerkat.Rpc;

/// <summary>
/// Answers a device that asks for credentials, and goes on with the same nonce, so that only the first request is sent twice. Give it
/// contents that can be sent twice, or requests that wait for <c>100 Continue</c>. Requests may run side by side.
/// </summary>
/// <param name="inner">Sends the requests.</param>
/// <param name="answer">Who asks.</param>
public sealed class DigestHttp(HttpMessageHandler inner, DigestAnswer answer) : DelegatingHandler(inner)
{
    private const string Scheme = "Digest";

    private volatile Session? session;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var before = session;
        if (before is not null)
        {
            Sign(request, before);
        }
        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.Unauthorized || Challenge(response) is not { } challenge)
        {
            return response;
        }
        response.Dispose();
        var now = new Session(challenge);
        Sign(request, now);
        response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        session = response.StatusCode == HttpStatusCode.Unauthorized ? null : now;
        return response;
    }

    private void Sign(HttpRequestMessage request, Session with) => request.Headers.Authorization = new AuthenticationHeaderValue(
        Scheme,
        answer.Header(
            with.Challenge, request.Method.Method, request.RequestUri!.PathAndQuery,
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), with.Next()));

    private static DigestChallenge? Challenge(HttpResponseMessage response) => response.Headers.WwwAuthenticate
        .Where(header => header.Scheme.Equals(Scheme, StringComparison.OrdinalIgnoreCase))
        .Select(header => DigestChallenge.Parse(header.Parameter ?? ""))
        .Where(challenge => challenge is not null)
        .MaxBy(challenge => challenge!.Algorithm);

    /// <summary>A nonce and how often it has been used.</summary>
    private sealed class Session(DigestChallenge challenge)
    {
        private uint used;

        public DigestChallenge Challenge => challenge;

        public uint Next() => Interlocked.Increment(ref used);
    }
}
