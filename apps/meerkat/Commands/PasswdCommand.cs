using System.CommandLine;
using System.Text;
using Meerkat.Core.Access;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Commands;

/// <summary>Sets a user's password in a password file, as htdigest does, which knows MD5 only.</summary>
internal sealed class PasswdCommand
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly Argument<FileInfo> file = new("FILE") { Description = "The password file; made when it is not there" };
    private readonly Argument<string> user = new("USER") { Description = "The user's name; without colons" };
    private readonly Option<string> realm = new("--realm")
    {
        Description = "The realm: what http.auth_domain and rpc.auth_domain say",
        HelpName = "REALM",
        DefaultValueFactory = _ => "RPC",
    };

    private readonly Option<bool> md5 = new("--md5") { Description = "Hash with MD5, for http.auth_algo and rpc.auth_algo 0; a user may have both" };
    private readonly Option<bool> remove = new("--remove") { Description = "Remove the user instead, with both hashes" };

    private readonly Command command = new("passwd", """
        Set a user's password in a password file for http.auth_file and rpc.auth_file.

        The password is asked for, or read from standard input (one line). The file is written on this
        machine; put it into the firmware's file system or onto the device ("meerkat put").

        Examples:
          meerkat passwd fs/passwords.txt admin
          meerkat passwd passwords.txt admin --realm RPC < password.txt
          meerkat passwd passwords.txt old-colleague --remove
        """);

    private PasswdCommand()
    {
        command.Arguments.Add(file);
        command.Arguments.Add(user);
        command.Options.Add(realm);
        command.Options.Add(md5);
        command.Options.Add(remove);
    }

    public static Command Create()
    {
        var passwd = new PasswdCommand();
        passwd.command.SetAction(passwd.Run);
        return passwd.command;
    }

    private int Run(ParseResult parsed)
    {
        var path = parsed.GetRequiredValue(file).FullName;
        var name = Checked(parsed.GetRequiredValue(user), "USER");
        var of = Checked(parsed.GetValue(realm)!, "--realm");
        var algorithm = parsed.GetValue(md5) ? DigestAlgorithm.Md5 : DigestAlgorithm.Sha256;
        var lines = File.Exists(path) ? File.ReadAllLines(path).ToList() : [];
        if (parsed.GetValue(remove))
        {
            if (lines.RemoveAll(line => IsOf(line, name, of, null)) == 0)
            {
                throw new ToolException($"{path} has no user {name} of realm {of}");
            }
        }
        else
        {
            var password = Password.Read($"New password of {name}: ");
            if (!Console.IsInputRedirected && Password.Read("The same again: ") != password)
            {
                throw new ToolException("the two passwords differ; nothing was changed");
            }
            lines.RemoveAll(line => IsOf(line, name, of, algorithm));
            lines.Add($"{name}:{of}:{DigestScheme.UserHash(algorithm, name, of, password)}");
        }
        Write(path, lines);
        Console.Out.WriteLine(
            $"{path}: {name} of realm {of} {(parsed.GetValue(remove) ? "is removed" : $"has a password ({DigestScheme.Name(algorithm)})")}");
        return ExitCode.Done;
    }

    /// <summary>In one step: a file cut off in the middle would shut everybody out.</summary>
    private static void Write(string path, List<string> lines)
    {
        var temporary = path + ".new";
        using (var written = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = Private,
        }))
        {
            written.Write(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))));
        }
        File.Move(temporary, path, overwrite: true);
    }

    private static string Checked(string text, string what) =>
        text.Length > 0 && !text.Contains(':', StringComparison.Ordinal) && !text.Any(char.IsControl)
            ? text
            : throw new ToolException($"{what} must be text without colons, found \"{text}\"", ExitCode.Usage);

    private static bool IsOf(string line, string name, string realm, DigestAlgorithm? algorithm) =>
        line.Trim().Split(':') is [var user, var of, var hash] && user == name && of == realm
        && (algorithm is not { } one || hash.Length == DigestScheme.Digits(one));
}
