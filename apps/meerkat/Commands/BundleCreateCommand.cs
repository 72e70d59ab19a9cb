using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using Meerkat.Core.Bundles;
using Meerkat.Core.Values;
using Meerkat.Tool.Bundles;
using Meerkat.Tool.Signing;

namespace Meerkat.Tool.Commands;

/// <summary><c>meerkat bundle create</c>.</summary>
internal static class BundleCreateCommand
{
    private const string About = """
        Make a bundle from an application and, optionally, a folder that becomes its file system.

        The same content gives the same file, byte for byte; the build id is derived from the content
        unless given. Signatures alone are random. More can be added later: 'meerkat bundle sign'.

        Examples:
          meerkat bundle create ./thermostat ./fs -o fw.zip --name thermostat --version 1.1.0
          meerkat bundle create --app app.sh --name kiosk --version 2.0 --ready notify -o fw.zip
          meerkat bundle create ./thermostat ./fs -o fw.zip --name thermostat --version 1.1.0 \
              --sign-key release.pem --sign-key= --sign-key qa.pem
        """;

    private static readonly Argument<string?> AppArgument = new("APP")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "The application: any executable file (or use --app).",
    };

    private static readonly Argument<string?> FsArgument = new("DIR")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "The folder that becomes the file system (or use --fs).",
    };

    private static readonly Option<string> Output = new("--output", "-o") { Required = true, Description = "The bundle to write." };
    private static readonly Option<string?> App = new("--app") { Description = "The application." };
    private static readonly Option<string?> Fs = new("--fs") { Description = "The folder that becomes the file system." };
    private static readonly Option<string> Name = new("--name") { Required = true, Description = "What the firmware is called." };

    private static readonly Option<string> Platform = new("--platform")
    {
        DefaultValueFactory = _ => "linux-x64",
        Description = "What it runs on: linux-x64, linux-arm64, ...",
    };

    private static readonly Option<string> Version = new("--version") { Required = true, Description = "Its version." };
    private static readonly Option<string?> BuildId = new("--build-id") { Description = "Its build; else derived from the content." };
    private static readonly Option<string?> Description = new("--description") { Description = "A sentence for people." };

    private static readonly Option<string?> Ready = new("--ready")
    {
        Description = "How it says that it is ready: notify (READY=1) or alive (keeps running).",
    };

    private static readonly Option<string[]> Attributes = new("--attr")
    {
        HelpName = "KEY=VALUE",
        Description = "A further field of the manifest; may be repeated.",
    };

    private static readonly Option<string[]> ExtraAttributes = new("--extra-attr")
    {
        HelpName = "KEY=VALUE",
        Description = "A field beside the signatures, which no signature covers; may be repeated.",
    };

    private static readonly SigningOptions Signing = new("--sign-key");

    public static Command Create()
    {
        Ready.AcceptOnlyFromAmong("notify", "alive");
        var command = new Command("create", About)
        {
            AppArgument, FsArgument, Output, App, Fs, Name, Platform, Version, BuildId, Description, Ready, Attributes, ExtraAttributes,
        };
        foreach (var option in Signing.All)
        {
            command.Options.Add(option);
        }
        command.Validators.Add(Check);
        command.SetAction(async (arguments, cancellationToken) =>
        {
            try
            {
                await PackAsync(arguments, cancellationToken);
                return ExitCode.Done;
            }
            catch (OperationCanceledException)
            {
                throw new ToolException("interrupted; nothing was written");
            }
        });
        return command;
    }

    private static void Check(CommandResult given)
    {
        var app = given.GetValue(AppArgument);
        if (app is null == given.GetValue(App) is null)
        {
            given.AddError(app is null ? "Say which application to pack: APP or --app." : "Give APP or --app, not both.");
        }
        if (given.GetValue(FsArgument) is not null && given.GetValue(Fs) is not null)
        {
            given.AddError("Give DIR or --fs, not both.");
        }
        foreach (var option in (Option<string[]>[])[Attributes, ExtraAttributes])
        {
            foreach (var attribute in given.GetValue(option) ?? [])
            {
                if (attribute.IndexOf('=', StringComparison.Ordinal) < 1)
                {
                    given.AddError($"{option.Name} takes KEY=VALUE, not '{attribute}'.");
                }
            }
        }
    }

    private static async Task PackAsync(ParseResult given, CancellationToken cancellationToken)
    {
        var app = given.GetValue(AppArgument) ?? given.GetValue(App)!;
        var folder = given.GetValue(FsArgument) ?? given.GetValue(Fs);
        var target = given.GetRequiredValue(Output);
        var recipe = new BundleRecipe(given.GetRequiredValue(Name), given.GetRequiredValue(Platform),
            given.GetRequiredValue(Version), given.GetValue(BuildId), [])
        {
            Description = given.GetValue(Description),
            Ready = given.GetValue(Ready) switch
            {
                "notify" => ReadyRule.Notify,
                "alive" => ReadyRule.Alive,
                _ => null,
            },
        };
        recipe = recipe with { Attributes = Pairs(given, Attributes) };
        var extra = Pairs(given, ExtraAttributes);
        if (BundleSignatures.Names(extra).FirstOrDefault() is { } taken)
        {
            throw new ToolException($"--extra-attr {taken}: that is the name of a signature; sign with --sign-key");
        }
        var manifest = await BundlePacking.WriteAsync(
            recipe,
            app,
            folder,
            target,
            async bytes => extra.AddRange(await Signing.SignAsync(given, bytes, extra, cancellationToken)),
            cancellationToken);
        var signed = string.Join(", ", Signing.Places(given));
        Console.WriteLine($"{target}: {manifest.Name} {manifest.Version} ({manifest.BuildId}) for "
            + $"{manifest.Platform}, {new ByteSize(new FileInfo(target).Length)}{(signed.Length > 0 ? ", signed in " + signed : "")}");
    }

    private static ImmutableSortedDictionary<string, string> Pairs(ParseResult given, Option<string[]> option)
    {
        var pairs = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
        foreach (var text in given.GetValue(option) ?? [])
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            var key = text[..equals];
            pairs = !pairs.ContainsKey(key) ? pairs.Add(key, text[(equals + 1)..]) : throw new ToolException($"{option.Name} {key} is given twice");
        }
        return pairs;
    }
}
