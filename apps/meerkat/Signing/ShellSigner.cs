using System.Buffers.Text;
using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Meerkat.Core.Signing;

namespace Meerkat.Tool.Signing;

/// <summary>
/// A command that signs, for keys that nobody can read: run by <c>/bin/sh</c>, it gets the digest, 32 bytes, on its standard input, and
/// gives the signature on its standard output, as DER or as Base64 of it. Its standard error, and the terminal, are ours.
/// </summary>
internal static class ShellSigner
{
    /// <summary>A signature takes 72 bytes, and 96 as Base64.</summary>
    private const int MostBytes = 4096;

    private const byte Sequence = 0x30;

    /// <param name="digest">SHA-256 of what is signed.</param>
    /// <param name="limit">How long the command may take.</param>
    /// <returns>DER.</returns>
    /// <exception cref="ToolException">The command failed, took too long, or gave something else.</exception>
    public static async Task<byte[]> SignAsync(string command, byte[] digest, TimeSpan limit, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        using var late = new CancellationTokenSource(limit);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        using var process = Start(start);
        try
        {
            await GiveAsync(process, digest, either.Token);
            var output = await TakeAsync(process, either.Token);
            await process.WaitForExitAsync(either.Token);
            return process.ExitCode == 0 ? Signature(command, output)
                : throw new ToolException($"the command '{command}' ended with exit code {process.ExitCode}, so there is no signature");
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ToolException(
                $"the command '{command}' did not end within {limit.TotalSeconds} s and was ended (--sign-timeout), so there is no signature");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception fault)
        {
            throw new ToolException($"/bin/sh cannot be started: {fault.Message}");
        }
    }

    private static async Task GiveAsync(Process process, byte[] digest, CancellationToken cancellationToken)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(digest, cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It does not read; what it gives decides.
        }
    }

    private static async Task<byte[]> TakeAsync(Process process, CancellationToken cancellationToken)
    {
        var output = new byte[MostBytes + 1];
        var length = await process.StandardOutput.BaseStream.ReadAtLeastAsync(output, output.Length, throwOnEndOfStream: false, cancellationToken);
        return length <= MostBytes ? output[..length]
            : throw new ToolException($"the command gave more than {MostBytes} bytes, which is no signature");
    }

    private static byte[] Signature(string command, byte[] output)
    {
        byte[] der;
        if (output is [Sequence, ..])
        {
            der = output;
        }
        else
        {
            var text = string.Concat(Encoding.Latin1.GetString(output).Where(letter => !char.IsWhiteSpace(letter)));
            der = Base64.IsValid(text) ? Convert.FromBase64String(text) : output;
        }
        const int RawBytes = 64;
        return EcdsaSignature.Complaint(der) is { } complaint
            ? throw new ToolException($"the command '{command}' gave no DER signature on P-256: {complaint}"
                + (der.Length == RawBytes ? "; 64 bytes are r and s without DER (pkcs11-tool: --signature-format openssl)" : ""))
            : der;
    }
}
