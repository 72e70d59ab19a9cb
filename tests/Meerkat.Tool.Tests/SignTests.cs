namespace Meerkat.Tool.Tests;

/// <summary>Signing by the tool, with keys that OpenSSL made (<c>testdata/keys/make</c>) and commands that stand for an HSM.</summary>
public sealed class SignTests
{
    private static readonly string Good = $"openssl pkeyutl -sign -inkey {SignedBundle.Key("sec1")}";

    private static bool HasOpenssl => File.Exists("/usr/bin/openssl");

    public static TheoryData<string> GoodKeys =>
        ["sec1", "sec1-parameters", "pkcs8", "pkcs8-encrypted", "pkcs8-pbe-3des", "sec1-aes128", "sec1-aes192", "sec1-aes256", "sec1-des3"];

    [Theory]
    [MemberData(nameof(GoodKeys))]
    public async Task EveryKindOfKey_Signs(string name)
    {
        using var bundle = await SignedBundle.MakeAsync();
        var run = await ToolProcess.RunAsync(
            new Dictionary<string, string> { ["MEERKAT_KEY_PASSPHRASE"] = "secret" }, "bundle", "sign", bundle.Path, "--key", SignedBundle.Key(name));
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal($"{bundle.Path}: n 1, sig0 added; signed in sig0\n", run.Output);
        Assert.True(SignedBundle.Holds(await File.ReadAllBytesAsync(bundle.Path), "sig0", "public"));
    }

    /// <summary>Files that are no key to sign with, and the words about them.</summary>
    [Theory]
    [InlineData("public", "holds a public key, which cannot sign")]
    [InlineData("p384", "is a key on P-384; bundles are signed on P-256 (prime256v1)")]
    [InlineData("secp256k1", "is a key on secp256k1; bundles are signed on P-256 (prime256v1)")]
    [InlineData("explicit", "is a key on a curve that it describes itself, without a name")]
    [InlineData("rsa", "holds no EC key")]
    [InlineData("rsa-pkcs1", "holds RSA PRIVATE KEY; needed is a key on P-256")]
    [InlineData("ed25519", "holds no EC key")]
    [InlineData("two", "holds 2 keys (EC PRIVATE KEY, EC PRIVATE KEY)")]
    [InlineData("certificate", "holds no key, but CERTIFICATE")]
    [InlineData("pkcs8-scrypt", "is encrypted with scrypt, which is not read here; convert it: openssl pkcs8 -topk8")]
    [InlineData("sec1-camellia256", "it is encrypted with CAMELLIA-256-CBC; read are AES-128-CBC")]
    [InlineData("../bundles/signed.zip", "is not a PEM file")]
    [InlineData("no-such-key", "Could not find file")]
    public async Task WrongKey_IsToldApart_AndNothingIsWritten(string name, string words)
    {
        using var bundle = await SignedBundle.MakeAsync();
        var before = await File.ReadAllBytesAsync(bundle.Path);
        var key = name.Contains('.', StringComparison.Ordinal) ? SignedBundle.Key(name)[..^4] : SignedBundle.Key(name);
        var run = await ToolProcess.RunAsync(
            new Dictionary<string, string> { ["MEERKAT_KEY_PASSPHRASE"] = "secret" }, "bundle", "sign", bundle.Path, "--key", key);
        AssertNothing(bundle, before, run, words);
    }

    [Theory]
    [InlineData("sec1-aes256")]
    [InlineData("sec1-des3")]
    [InlineData("pkcs8-encrypted")]
    public async Task WrongPassphrase_IsToldApart_AndSoIsNone(string name)
    {
        using var bundle = await SignedBundle.MakeAsync();
        var before = await File.ReadAllBytesAsync(bundle.Path);
        await File.WriteAllTextAsync(bundle.In("passphrase"), "wrong\n");
        var run = await bundle.SignAsync("--key", SignedBundle.Key(name), "--passphrase-file", bundle.In("passphrase"));
        AssertNothing(bundle, before, run, "cannot be opened with this passphrase");
        await File.WriteAllTextAsync(bundle.In("passphrase"), "\nsecret\n");
        run = await bundle.SignAsync("--key", SignedBundle.Key(name), "--passphrase-file", bundle.In("passphrase"));
        AssertNothing(bundle, before, run, "the first line, which should be the passphrase, is empty");
        // A new session has no terminal.
        run = await ToolProcess.RunScriptAsync($"setsid -w \"$0\" bundle sign {bundle.Path} --key {SignedBundle.Key(name)}");
        AssertNothing(bundle, before, run, "there is no terminal to ask for its passphrase: give --passphrase-file, or set MEERKAT_KEY_PASSPHRASE");
    }

    [Fact]
    public async Task Passphrase_IsAskedForOnTheTerminal_WithoutAnEcho()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "script, of util-linux, is not installed");
        using var bundle = await SignedBundle.MakeAsync();
        // The answer comes when the question is there: what it would echo by then, it would echo for anybody.
        var typed = $"until grep -q Passphrase {bundle.In("seen")} 2>/dev/null; do sleep 0.05; done; echo secret; until grep -q added {bundle.In("seen")}; do sleep 0.05; done";
        var run = await ToolProcess.RunScriptAsync(
            $"({typed}) | script -qfec \"$0 bundle sign {bundle.Path} --key {SignedBundle.Key("sec1-aes256")}\" {bundle.In("seen")}");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Passphrase of ", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", run.Output, StringComparison.Ordinal);
        Assert.True(SignedBundle.Holds(await File.ReadAllBytesAsync(bundle.Path), "sig0", "public"));
    }

    [Fact]
    public async Task Places_AreFilledInOrder_WithGapsAndByName()
    {
        Assert.SkipUnless(HasOpenssl, "openssl is not installed");
        using var bundle = await SignedBundle.MakeAsync("--sign-key=", "--sign-key", SignedBundle.Key("sec1"), "--extra-attr", "zone=ü <1>", "--extra-attr", "a=1");
        var first = await File.ReadAllBytesAsync(bundle.Path);
        Assert.Equal(["a", "sig1", "zone"], SignedBundle.Attributes(first).Select(member => member.Key));
        var run = await bundle.SignAsync("--key", SignedBundle.Key("other"), "--key=", "--sign-command", Good, "--key", $"7={SignedBundle.Key("pkcs8")}");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.EndsWith(": n 1, sig0 added, sig2 added, sig7 added; signed in sig0, sig1, sig2, sig7\n", run.Output, StringComparison.Ordinal);
        var second = await File.ReadAllBytesAsync(bundle.Path);
        Assert.Equal(["a", "sig0", "sig1", "sig2", "sig7", "zone"], SignedBundle.Attributes(second).Select(member => member.Key));
        Assert.Equal((string)SignedBundle.Attributes(first)["sig1"]!, (string)SignedBundle.Attributes(second)["sig1"]!);
        Assert.Equal("ü <1>", (string)SignedBundle.Attributes(second)["zone"]!);
        Assert.All(["sig1", "sig2", "sig7"], place => Assert.True(SignedBundle.Holds(second, place, "public"), place));
        Assert.True(SignedBundle.Holds(second, "sig0", "other-public"));
        // Everything behind the headers of the manifest's entry is as it was.
        Assert.Equal(Behind(first), Behind(second));
    }

    [Theory]
    [InlineData("", "with which key? Give --key FILE or --sign-command COMMAND.")]
    [InlineData("--key=", "with which key?")]
    [InlineData("--key 8=k", "there is no place 8 for --key 8=k: they are 0 to 7.")]
    [InlineData("--key 7=k --key k", "there is no place 8 for --key k")]
    [InlineData("--key a --sign-command 0=b", "--sign-command 0=b goes into place 0, which is filled already.")]
    [InlineData("--key a --sign-timeout 0", "--sign-timeout takes 1 to 3600 seconds, not 0.")]
    public async Task WrongPlaces_AreWrongUsage(string options, string words)
    {
        using var bundle = await SignedBundle.MakeAsync();
        var run = await bundle.SignAsync(options.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(words, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" | base64")]
    [InlineData(" | base64 -w0; sleep 0.1")]
    public async Task Command_GetsTheDigestAndGivesTheSignature(string and)
    {
        Assert.SkipUnless(HasOpenssl, "openssl is not installed");
        using var bundle = await SignedBundle.MakeAsync("--sign-command", Good + and, "--public-key", SignedBundle.Key("public"));
        Assert.True(SignedBundle.Holds(await File.ReadAllBytesAsync(bundle.Path), "sig0", "public"));
    }

    /// <summary>Commands that do not sign, and the words about them.</summary>
    [Theory]
    [InlineData("exit 3", "the command 'exit 3' ended with exit code 3, so there is no signature")]
    [InlineData("true", "gave no DER signature on P-256: it is empty")]
    [InlineData("echo hello", "it is not the DER of a sequence of two integers")]
    [InlineData("cat", "gave no DER signature on P-256")]
    [InlineData("head -c 64 /dev/zero", "64 bytes are r and s without DER (pkcs11-tool: --signature-format openssl)")]
    [InlineData("head -c 8192 /dev/zero", "gave more than 4096 bytes, which is no signature")]
    [InlineData("yes", "gave more than 4096 bytes, which is no signature")]
    [InlineData("sleep 1000", "did not end within 1 s and was ended (--sign-timeout), so there is no signature")]
    [InlineData("no-such-command", "ended with exit code 127")]
    [InlineData("kill -9 $$", "ended with exit code 137")]
    [InlineData("printf '0\\006\\002\\001\\000\\002\\001\\001'", "r or s is not between 1 and the order of P-256")]
    [InlineData("printf '0\\006\\002\\001\\001\\002\\001\\001\\n'", "1 bytes follow the DER")]
    [InlineData("printf '0\\006\\002\\001\\001\\002\\001\\001'", "sig0 does not hold under ")]
    [InlineData("openssl pkeyutl -sign -inkey OTHER", "it was made with another key, or over another manifest; nothing was written")]
    public async Task CommandThatDoesNotSign_IsToldApart_AndNothingIsWritten(string command, string words)
    {
        Assert.SkipUnless(HasOpenssl || !command.StartsWith("openssl", StringComparison.Ordinal), "openssl is not installed");
        using var bundle = await SignedBundle.MakeAsync();
        var before = await File.ReadAllBytesAsync(bundle.Path);
        var run = await bundle.SignAsync(
            "--sign-timeout", command.StartsWith("sleep", StringComparison.Ordinal) ? "1" : "60",
            "--sign-command", command.Replace("OTHER", SignedBundle.Key("other"), StringComparison.Ordinal),
            "--public-key", SignedBundle.Key("public"));
        AssertNothing(bundle, before, run, words);
    }

    [Fact]
    public async Task CreateThatCannotSign_LeavesNothing()
    {
        using var bundle = await SignedBundle.MakeAsync();
        var run = await ToolProcess.RunAsync(
            "bundle", "create", bundle.In("app"), "--name", "n", "--version", "2", "-o", bundle.In("new.zip"), "--sign-command", "exit 1");
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Equal(["app", "fw.zip"], bundle.Names);
    }

    [Fact]
    public async Task DamagedBundle_IsNotSigned()
    {
        using var bundle = await SignedBundle.MakeAsync();
        var good = await File.ReadAllBytesAsync(bundle.Path);
        var damaged = good.ToArray();
        damaged[good.AsSpan().IndexOf("exec sleep"u8)] ^= 1;
        await File.WriteAllBytesAsync(bundle.Path, damaged);
        AssertNothing(bundle, damaged, await bundle.SignAsync("--key", SignedBundle.Key("sec1")), "'app' is damaged: its CRC-32");
        await File.WriteAllBytesAsync(bundle.Path, good[..^30]);
        AssertNothing(bundle, good[..^30], await bundle.SignAsync("--key", SignedBundle.Key("sec1")), "cut off");
        byte[] longer = [.. good, 0];
        await File.WriteAllBytesAsync(bundle.Path, longer);
        AssertNothing(bundle, longer, await bundle.SignAsync("--key", SignedBundle.Key("sec1")), "something follows it");
    }

    [Fact]
    public async Task SignedBundle_KeepsItsMode_AndTheInputWhereAnOutputIsNamed()
    {
        using var bundle = await SignedBundle.MakeAsync();
        var before = await File.ReadAllBytesAsync(bundle.Path);
        File.SetUnixFileMode(bundle.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Equal(0, (await bundle.SignAsync("--key", SignedBundle.Key("sec1"), "-o", bundle.In("out.zip"))).ExitCode);
        Assert.Equal(before, await File.ReadAllBytesAsync(bundle.Path));
        Assert.Equal(0, (await bundle.SignAsync("--key", SignedBundle.Key("sec1"))).ExitCode);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(bundle.Path));
        Assert.Equal(["app", "fw.zip", "out.zip"], bundle.Names);
    }

    [Fact]
    public async Task Verify_SaysWhichSignaturesHold()
    {
        using var bundle = await SignedBundle.MakeAsync("--sign-key", SignedBundle.Key("sec1"), "--sign-key=", "--sign-key", SignedBundle.Key("other"));
        var run = await ToolProcess.RunAsync("bundle", "verify", bundle.Path, "--key", SignedBundle.Key("public"));
        Assert.Equal(0, run.ExitCode);
        Assert.Contains($"  sig0 holds under {SignedBundle.Key("public")}\n  sig2 is there and was not checked: no --key 2=FILE\n", run.Output, StringComparison.Ordinal);
        run = await ToolProcess.RunAsync("bundle", "verify", bundle.Path, "--key", $"2={SignedBundle.Key("public")}");
        Assert.Equal((1, $"Error: {bundle.Path}: sig2 does not hold under {SignedBundle.Key("public")}: it was made with another key, or over another manifest\n"), (run.ExitCode, run.Error));
        run = await ToolProcess.RunAsync("bundle", "verify", bundle.Path, "--key", $"1={SignedBundle.Key("public")}", "--json");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("\"state\": \"missing\"", run.Output, StringComparison.Ordinal);
        run = await ToolProcess.RunAsync("bundle", "inspect", bundle.Path);
        Assert.Contains("signatures sig0, sig2 (not checked; 'meerkat bundle verify --key' does that)", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sec1")]
    [InlineData("public")]
    public async Task Key_IsWhatOpensslSaysItIs(string name)
    {
        var pem = await File.ReadAllLinesAsync(SignedBundle.Key("public"));
        var run = await ToolProcess.RunAsync("bundle", "key", SignedBundle.Key(name));
        Assert.Equal((0, "", string.Concat(pem[1..^1]) + "\n"), (run.ExitCode, run.Error, run.Output));
    }

    private static void AssertNothing(SignedBundle bundle, byte[] before, ToolProcess run, string words)
    {
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains(words, run.Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(bundle.Path));
        Assert.DoesNotContain(bundle.Names, name => name.EndsWith(".part", StringComparison.Ordinal));
    }

    private static byte[] Behind(byte[] zip)
    {
        var from = 30 + BitConverter.ToUInt16(zip, 26) + BitConverter.ToUInt16(zip, 28);
        return zip[from..zip.AsSpan().IndexOf("PK\x01\x02"u8)];
    }
}
