using System.CommandLine;
using Meerkat.Tool.Signing;

namespace Meerkat.Tool.Commands;

/// <summary><c>meerkat bundle key</c>: what a device needs to know of a key.</summary>
internal static class BundleKeyCommand
{
    private const string About = """
        Print what update.key0 to update.key7 of a device hold for a key: the Base64 of the public key
        (DER SubjectPublicKeyInfo). Of a private key only the public half is printed.

        Keys are made by openssl:
          openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -out release.pem
          openssl pkey -in release.pem -pubout -out release-public.pem

        Examples:
          meerkat bundle key release-public.pem
          meerkat config set update.key0="$(meerkat bundle key release-public.pem)"
        """;

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "A PEM file with a public or a private key on P-256." };
        var passphrase = SigningOptions.PassphraseOption();
        var command = new Command("key", About) { file, passphrase };
        command.SetAction(given => BundleCommand.Run(() =>
        {
            Console.WriteLine(KeyFile.ReadPublic(given.GetRequiredValue(file), new Passphrase(given.GetValue(passphrase))));
            return null;
        }));
        return command;
    }
}
