using System.Globalization;
using System.Text;
using System.Text.Json;
using Meerkat.Core.Access;
using Meerkat.Core.Protocol;
using Meerkat.Core.Settings;
using Meerkat.Device.Configuration;
using Meerkat.Rpc;

namespace Meerkat.Device.Access;

/// <summary>Whether a call may be made (specification 7.6): the access list, then who the caller is.</summary>
public sealed class RpcAccess(ConfigStore config, AccessFiles files, Passwords passwords, TimeProvider time, AccessLog log)
{
    private readonly NonceTable nonces = new(time, bits: 31);

    /// <summary>What is asked of a call.</summary>
    /// <exception cref="FormatException">There is an access list, and it cannot be used.</exception>
    public RpcRight Right(string method, string channel) =>
        List(config.Values) is { } list ? list.Right(method, channel) : Credentials.RightWithoutList(config.Values, channel);

    /// <summary>Why a call is refused; nothing when it may be made.</summary>
    public RpcError? Refusal(RpcAccessQuestion question)
    {
        if (question.Peer.Channel == RpcChannels.Local)
        {
            // Only whoever owns the device can open that socket: the way back in for one that has locked everybody out.
            return null;
        }
        RpcRight right;
        try
        {
            right = Right(question.Method, question.Peer.Channel);
        }
        catch (FormatException fault)
        {
            return new RpcError(RpcErrorCode.Forbidden, $"unauthorized: the access list (rpc.acl) cannot be used, so nothing may be called: {fault.Message}");
        }
        return right switch
        {
            RpcRight.Anyone => null,
            RpcRight.Nobody => Unauthorized,
            RpcRight.Users users => Refusal(question, users),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    /// <summary>Looks at the list, so that the log tells at the start what is wrong with it.</summary>
    public void Check()
    {
        try
        {
            List(config.Values);
        }
        catch (FormatException)
        {
            // It has been told.
        }
        if (Credentials.Calls(config.Values) is { } credentials)
        {
            passwords.Read(credentials);
        }
    }

    private static RpcError Unauthorized => new(RpcErrorCode.Forbidden, "unauthorized");

    private RpcError? Refusal(RpcAccessQuestion question, RpcRight.Users users)
    {
        var user = question.Peer.User;
        var credentials = Credentials.Calls(config.Values);
        if (credentials is not null && question.Auth.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null))
        {
            if (Login(question, credentials, out user) is { } problem)
            {
                return problem;
            }
        }
        if (user is null)
        {
            return question.Peer.Channel == RpcChannels.Http ? new RpcError(RpcErrorCode.Unauthenticated, "credentials are needed")
                : credentials is not null ? Challenge(credentials)
                : new RpcError(RpcErrorCode.Forbidden, "unauthorized: a user is needed, and neither rpc.auth_file nor http.auth_file names one");
        }
        return users.Allow(user) ? null : Unauthorized;
    }

    /// <summary>Takes the credentials of a frame; who is not let in is told why, or asked again.</summary>
    private RpcError? Login(RpcAccessQuestion question, Credentials credentials, out string? user)
    {
        user = null;
        var parsed = FrameAuth.Parse(question.Auth);
        if (parsed is not FrameAuth.Parsed auth)
        {
            return new RpcError(RpcErrorCode.BadRequest, $"bad request: {((FrameAuth.Rejected)parsed).Reason}");
        }
        if (auth.Realm != credentials.Realm)
        {
            return new RpcError(RpcErrorCode.BadRequest, $"bad request: the realm is \"{credentials.Realm}\"");
        }
        if (DigestScheme.Find(auth.Algorithm) != credentials.Algorithm)
        {
            return new RpcError(RpcErrorCode.BadRequest, $"bad request: the algorithm is {DigestScheme.Name(credentials.Algorithm)}");
        }
        if (passwords.Read(credentials) is not { } known)
        {
            return new RpcError(RpcErrorCode.Internal, "failed to open password file");
        }
        if (!auth.Proves(credentials, known)
            || !uint.TryParse(auth.Nonce, NumberStyles.None, CultureInfo.InvariantCulture, out var nonce)
            || !nonces.TryUse(nonce, 1))
        {
            return question.Peer.Channel == RpcChannels.Http
                ? new RpcError(RpcErrorCode.Unauthenticated, "credentials are needed")
                : Challenge(credentials);
        }
        user = auth.User;
        return null;
    }

    private RpcError Challenge(Credentials credentials) =>
        new(RpcErrorCode.Unauthenticated, FrameAuth.Challenge(credentials, (long)nonces.Issue()));

    /// <exception cref="FormatException">It is set and cannot be used.</exception>
    private RpcAcl? List(SettingValues values)
    {
        var (text, file) = (values.Text("rpc.acl"), values.Text("rpc.acl_file"));
        if (text.Length == 0 && file.Length == 0)
        {
            log.Tell("rpc.acl", "");
            return null;
        }
        try
        {
            if (text.Length > 0 && file.Length > 0)
            {
                throw new FormatException("rpc.acl and rpc.acl_file are both set, and only one may be");
            }
            var list = Read(file.Length > 0 ? file : text.StartsWith('@') ? text[1..] : "", text);
            log.Tell("rpc.acl", list.Skipped == 0 ? ""
                : $"{list.Skipped} of its entries say nothing and are skipped: one needs acl, and method or ch_type");
            return list;
        }
        catch (FormatException fault)
        {
            log.Tell("rpc.acl", $"{fault.Message}; every call is refused until that is corrected");
            throw;
        }
    }

    private RpcAcl Read(string file, string text)
    {
        if (file.Length == 0)
        {
            return RpcAcl.Parse(Encoding.UTF8.GetBytes(text));
        }
        try
        {
            return RpcAcl.Parse(files.Read(file));
        }
        catch (FormatException fault)
        {
            throw new FormatException($"{file}: {fault.Message}", fault);
        }
        catch (IOException fault)
        {
            throw new FormatException(fault.Message, fault);
        }
    }
}
