namespace Meerkat.Fuzz.Targets;

/// <summary>Everything that parses.</summary>
internal static class AllTargets
{
    public static IReadOnlyList<string> Names { get; } = [.. Create().Select(target => target.Name)];

    public static IReadOnlyList<Target> Create() =>
    [
        new BundleTarget(), new ManifestTarget(), new TarTarget(), new FormTarget(), new FrameTarget(), new CallTarget(),
        new BootRecordTarget(), new SealTarget(), new BoardTarget(), new ConfigTarget(), new SchemaTarget(), new LinkTarget(), new StreamTarget(), new AccessTarget(),
    ];

    public static Target Named(string name) => Create().Single(target => target.Name == name);
}
