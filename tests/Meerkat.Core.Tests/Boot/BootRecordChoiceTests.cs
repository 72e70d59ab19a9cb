using Meerkat.Core.Boot;

namespace Meerkat.Core.Tests.Boot;

public sealed class BootRecordChoiceTests
{
    private static readonly BootRecord Seven = Records.Golden with { Sequence = 7 };
    private static readonly BootRecord Eight = Records.Golden with { Sequence = 8 };
    private static readonly BootRecord OtherSeven = Seven with { Committed = true };

    private static readonly Dictionary<string, BootRecordCopy> Copies = new()
    {
        ["valid, sequence 7"] = new BootRecordCopy.Valid(Seven),
        ["valid, sequence 8"] = new BootRecordCopy.Valid(Eight),
        ["valid, other facts at 7"] = new BootRecordCopy.Valid(OtherSeven),
        ["missing"] = Bad(BootRecordProblem.Missing),
        ["wrong length"] = Bad(BootRecordProblem.WrongLength),
        ["wrong magic"] = Bad(BootRecordProblem.WrongMagic),
        ["wrong checksum"] = Bad(BootRecordProblem.WrongChecksum),
        ["wrong field"] = Bad(BootRecordProblem.WrongField),
        ["newer format"] = Bad(BootRecordProblem.NewerFormat),
    };

    /// <summary>One row for each pair of copies: what is expected.</summary>
    private static readonly (string Copy0, string Copy1, string Expected)[] Rows =
    [
        ("valid, sequence 7", "valid, sequence 7", "copy 0"),
        ("valid, sequence 7", "valid, sequence 8", "copy 1"),
        ("valid, sequence 8", "valid, sequence 7", "copy 0"),
        ("valid, sequence 7", "valid, other facts at 7", "lost"),
        ("valid, sequence 7", "missing", "copy 0, noted"),
        ("valid, sequence 7", "wrong length", "copy 0, noted"),
        ("valid, sequence 7", "wrong magic", "copy 0, noted"),
        ("valid, sequence 7", "wrong checksum", "copy 0, noted"),
        ("valid, sequence 7", "wrong field", "copy 0, noted"),
        ("valid, sequence 7", "newer format", "refused"),
        ("missing", "valid, sequence 7", "copy 1, noted"),
        ("wrong length", "valid, sequence 7", "copy 1, noted"),
        ("wrong magic", "valid, sequence 7", "copy 1, noted"),
        ("wrong checksum", "valid, sequence 7", "copy 1, noted"),
        ("wrong field", "valid, sequence 7", "copy 1, noted"),
        ("newer format", "valid, sequence 7", "refused"),
        ("missing", "missing", "lost"),
        ("missing", "wrong checksum", "lost"),
        ("wrong checksum", "wrong checksum", "lost"),
        ("wrong length", "wrong field", "lost"),
        ("wrong magic", "wrong length", "lost"),
        ("missing", "newer format", "refused"),
        ("newer format", "wrong checksum", "refused"),
        ("newer format", "newer format", "refused"),
    ];

    public static TheoryData<string, string, string> Pairs
    {
        get
        {
            var data = new TheoryData<string, string, string>();
            foreach (var (copy0, copy1, expected) in Rows)
            {
                data.Add(copy0, copy1, expected);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void PairOfCopies_GivesTheRowsChoice(string copy0, string copy1, string expected) =>
        Assert.Equal(expected, Words(BootRecordChoice.Of(Copies[copy0], Copies[copy1])));

    [Fact]
    public void Chosen_IsTheRecordOfItsCopy()
    {
        foreach (var (copy0, copy1, _) in Rows)
        {
            if (BootRecordChoice.Of(Copies[copy0], Copies[copy1]) is BootRecordChoice.Chosen chosen)
            {
                var copy = chosen.Copy == 0 ? Copies[copy0] : Copies[copy1];
                Assert.Equal(new BootRecordCopy.Valid(chosen.Record), copy);
            }
        }
    }

    [Fact]
    public void Note_NamesTheCopyAndWhatIsWrong() => Assert.Equal(
        "copy 1: found WrongMagic",
        Assert.IsType<BootRecordChoice.Chosen>(BootRecordChoice.Of(Copies["valid, sequence 7"], Copies["wrong magic"])).Note);

    [Fact]
    public void Lost_NamesBoth() => Assert.Equal(
        "copy 0: found Missing; copy 1: found WrongChecksum",
        Assert.IsType<BootRecordChoice.Lost>(BootRecordChoice.Of(Copies["missing"], Copies["wrong checksum"])).Text);

    [Fact]
    public void NewerFormat_IsRefusedWhateverTheOtherCopyIs() => Assert.All(Copies.Values, copy =>
    {
        Assert.IsType<BootRecordChoice.Refused>(BootRecordChoice.Of(copy, Copies["newer format"]));
        Assert.IsType<BootRecordChoice.Refused>(BootRecordChoice.Of(Copies["newer format"], copy));
    });

    [Fact]
    public void Choice_DoesNotDependOnTheOrderOfTheCopies() => Assert.All(
        from first in Copies.Values from second in Copies.Values select (first, second),
        pair => Assert.Equal(Kind(BootRecordChoice.Of(pair.first, pair.second)), Kind(BootRecordChoice.Of(pair.second, pair.first))));

    [Fact]
    public void Document_HasTheTable() => GeneratedDoc.Matches(
        "docs/formats/boot-record.md",
        "choice",
        GeneratedDoc.Table(["copy 0", "copy 1", "counts"], Rows.Select(row => new[] { row.Copy0, row.Copy1, row.Expected })));

    private static string Words(BootRecordChoice choice) => choice switch
    {
        BootRecordChoice.Chosen { Note: "" } chosen => $"copy {chosen.Copy}",
        BootRecordChoice.Chosen chosen => $"copy {chosen.Copy}, noted",
        BootRecordChoice.Lost => "lost",
        BootRecordChoice.Refused => "refused",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static string Kind(BootRecordChoice choice) =>
        choice is BootRecordChoice.Chosen chosen ? chosen.Record.ToString() : choice.GetType().Name;

    private static BootRecordCopy.Unusable Bad(BootRecordProblem problem) => new(problem, $"found {problem}");
}
