using System.Text;
using System.Text.Json;
using Meerkat.Core.Access;
using Meerkat.Core.Values;

namespace Meerkat.Fuzz.Targets;

/// <summary>
/// What says who may in: <c>Authorization</c> headers, challenges, access lists, and <c>auth</c> objects of frames. The first letter of an
/// input says which of them it is.
/// </summary>
internal sealed class AccessTarget : Target
{
    private static readonly string[] Samples =
    [
        """HDigest realm="RPC", qop="auth", nonce="6512ab", username="admin", uri="/rpc", nc=00000001, cnonce="a\"b", response="ff84584f5f5ca970fe43b922062ca9fd", algorithm=MD5""",
        """Crealm="RPC", nonce="6512ab", qop="auth", algorithm=SHA-256, opaque="x" """,
        """L[{"method":"OTA.*","ch_type":"HTTP","acl":"+admin,-*"},{"method":"*","acl":"*"}]""",
        """F{"realm":"RPC","username":"admin","nonce":1681208100,"cnonce":12345678,"response":"ff84584f5f5ca970fe43b922062ca9fd","algorithm":"MD5"}""",
        """M{"auth_type": "digest", "nonce": 1681208100, "nc": 1, "realm": "RPC", "algorithm": "MD5"}""",
    ];

    private static readonly string[] Words = ["\"", "\\", ",", "=", " ", "\\\"", "qop=", "realm=\"\"", "null", "[]", "{}", "\"acl\":5", "**", "$", "|", "1e9", "é"];

    public override string Name => "access";

    public override MemoryBound Memory => new(256 << 10, 256);

    public override byte[] Generate(Random chance) => Encoding.UTF8.GetBytes(chance.Pick(Samples));

    public override byte[] Mutate(byte[] input, byte[] other, Random chance)
    {
        if (input.Length == 0 || chance.Next(2) == 0)
        {
            return ByteMutations.Mutate(input, other, chance);
        }
        var at = chance.Next(1, input.Length + 1);
        return [.. input[..at], .. Encoding.UTF8.GetBytes(chance.Pick(Words)), .. input[at..]];
    }

    public override object? Parse(byte[] input)
    {
        if (input.Length == 0)
        {
            return null;
        }
        var text = Encoding.UTF8.GetString(input.AsSpan(1));
        try
        {
            return (char)input[0] switch
            {
                'H' => DigestAuthorization.Parse(text),
                'C' => DigestChallenge.Parse(text),
                'M' => DigestChallenge.ParseFrame(text),
                'L' => RpcAcl.Parse(input.AsSpan(1).ToArray()),
                'F' => FrameAuth.Parse(StrictJson.Parse(input.AsSpan(1), 16)),
                _ => null,
            };
        }
        catch (Exception refused) when (refused is FormatException or JsonException)
        {
            return refused.Message;
        }
    }

    public override bool Accepted(object? parsed) => parsed is not (null or string or FrameAuth.Rejected);

    public override void Examine(byte[] input, object? parsed)
    {
        switch (parsed)
        {
            case RpcAcl list:
                foreach (var method in (string[])["OTA.Update", "", "a/b"])
                {
                    list.Right(method, "HTTP");
                }
                break;
            case string reason:
                FindingException.Unless(reason.Length is > 0 and < 2000, "a refusal without words, or with too many");
                break;
            default:
                break;
        }
    }
}
