using System.Diagnostics;

namespace Meerkat.Core.Bundles;

/// <summary>
/// Reads a file-system image (tar: ustar, pax, GNU long names) that arrives in pieces of any size and tells an
/// <see cref="ITarSink"/> what is in it. Bad input is an answer (<see cref="Problem"/>), not an exception; after one,
/// nothing more is read.
/// </summary>
public sealed class TarReader(ITarSink sink, BundleLimits? limits = null)
{
    private readonly BundleLimits limits = limits ?? BundleLimits.Default;
    private readonly TarTree tree = new((limits ?? BundleLimits.Default).TarMembers);
    private readonly byte[] block = new byte[TarHeader.BlockBytes];

    private Stage stage = Stage.Header;
    private int filled;
    private int zeroBlocks;
    private long headerOffset;
    private string memberPath = "";
    private long dataLeft;
    private int paddingLeft;
    private char metaKind;
    private byte[] meta = [];
    private PaxRecords extended = new();

    private enum Stage
    {
        Header,
        FileData,
        SkippedData,
        MetaData,
        Padding,
        End,
    }

    /// <summary>Why the image is refused; null while all is well.</summary>
    public BundleProblem? Problem { get; private set; }

    /// <summary>Bytes read so far.</summary>
    public long Offset { get; private set; }

    /// <summary>Reads the next bytes of the image. Returns <see cref="Problem"/>.</summary>
    public BundleProblem? Push(ReadOnlySpan<byte> bytes)
    {
        if (Problem is not null)
        {
            return Problem;
        }
        // Stands if the sink throws: what it did not finish must not be continued.
        Problem = new BundleProblem(BundleProblemCode.Stopped, "the receiver of the file-system image failed", Offset);
        BundleProblem? found = null;
        while (!bytes.IsEmpty && found is null)
        {
            found = stage switch
            {
                Stage.Header => FillHeader(ref bytes),
                Stage.FileData or Stage.SkippedData or Stage.MetaData => ReadData(ref bytes),
                Stage.Padding => SkipPadding(ref bytes),
                Stage.End => ExpectZeros(ref bytes),
                _ => throw new UnreachableException(),
            };
        }
        return Problem = found;
    }

    /// <summary>Says that the image ends here. Returns <see cref="Problem"/>, which then includes being cut off.</summary>
    public BundleProblem? Complete()
    {
        if (Problem is null && stage != Stage.End)
        {
            Problem = new BundleProblem(BundleProblemCode.Truncated,
                $"the file-system image is cut off at byte {Offset}: its end mark (two blocks of zeros) is missing", Offset);
        }
        return Problem;
    }

    private BundleProblem? FillHeader(ref ReadOnlySpan<byte> bytes)
    {
        if (filled == 0)
        {
            headerOffset = Offset;
            if (bytes.Length >= TarHeader.BlockBytes)
            {
                return ReadHeader(Consume(ref bytes, TarHeader.BlockBytes));
            }
        }
        var piece = Consume(ref bytes, Math.Min(bytes.Length, TarHeader.BlockBytes - filled));
        piece.CopyTo(block.AsSpan(filled));
        filled += piece.Length;
        if (filled < TarHeader.BlockBytes)
        {
            return null;
        }
        filled = 0;
        return ReadHeader(block);
    }

    private BundleProblem? ReadHeader(ReadOnlySpan<byte> bytes)
    {
        memberPath = "";
        if (bytes.IndexOfAnyExcept((byte)0) < 0)
        {
            return ReadZeroBlock();
        }
        if (zeroBlocks > 0)
        {
            return Fail(BundleProblemCode.TarTrailingData, "stands behind the end mark of the archive");
        }
        var header = new TarHeader(bytes);
        if (!header.ChecksumHolds)
        {
            return Fail(BundleProblemCode.TarChecksum,
                headerOffset == 0 ? "has a wrong checksum: this is not a tar archive" : "has a wrong checksum");
        }
        if (header.SizeBytes is not { } size || size < 0 || header.Path is not { } path)
        {
            return Fail(BundleProblemCode.TarHeader, "has a header without a proper size or name");
        }
        memberPath = path;
        return header.Kind is 'x' or 'g' or 'L' or 'K' ? BeginMeta(header.Kind, size) : BeginMember(header, size);
    }

    private BundleProblem? ReadZeroBlock()
    {
        if (!extended.IsEmpty)
        {
            return Fail(BundleProblemCode.TarHeader, "is missing behind its extended header");
        }
        if (++zeroBlocks == 2)
        {
            stage = Stage.End;
            sink.End();
        }
        return null;
    }

    private BundleProblem? BeginMeta(char kind, long size)
    {
        if (size > limits.PaxBytes)
        {
            return Fail(BundleProblemCode.TarHeader,
                $"has an extended header of {size} bytes; at most {limits.PaxBytes} are accepted");
        }
        var again = kind switch
        {
            'x' => extended.Seen,
            'L' => extended.Path is not null,
            'K' => extended.Link is not null,
            _ => false,
        };
        if (again)
        {
            return Fail(BundleProblemCode.TarHeader, "has two extended headers of the same kind");
        }
        if (kind == 'g' && tree.CountOther() is { } tooMany)
        {
            return Fail(tooMany.Code, tooMany.Text);
        }
        metaKind = kind;
        meta = new byte[size];
        return BeginData(Stage.MetaData, size);
    }

    private BundleProblem? BeginMember(TarHeader header, long headerSize)
    {
        var about = extended;
        extended = new PaxRecords();
        memberPath = about.Path ?? memberPath;
        var size = about.SizeBytes ?? headerSize;
        if (size > limits.PartBytes)
        {
            return Fail(BundleProblemCode.TooLarge, $"has {size} bytes; at most {limits.PartBytes} are accepted");
        }
        if (TarPath.Normalize(memberPath, limits, out var complaint) is var path && complaint is not null)
        {
            return Fail(BundleProblemCode.TarPath, complaint);
        }
        if (Refusal(header.Kind, size) is { } refusal)
        {
            return Fail(BundleProblemCode.TarKind, refusal);
        }
        // Archives from before ustar have no kind for folders, only a slash at the end.
        var isFolder = header.Kind == '5' || (header.Kind == '\0' && memberPath.EndsWith('/'));
        if (!isFolder && memberPath.EndsWith('/'))
        {
            return Fail(BundleProblemCode.TarPath, "has a path that ends in a slash, yet is no folder");
        }
        if (header.Mode is not { } mode || Time(header, about) is not { } time)
        {
            return Fail(BundleProblemCode.TarHeader, "has a header without a proper mode or time");
        }
        memberPath = path;
        if (path.Length == 0)
        {
            return isFolder ? BeginData(Stage.SkippedData, size) : Fail(BundleProblemCode.TarPath, "is the root, yet no folder");
        }
        var member = new TarMember(path, (UnixFileMode)(mode & 0x1FF), time);
        return isFolder ? AddFolder(member)
            : header.Kind == '2' ? AddLink(member, about.Link ?? TarHeader.Text(header.Link))
            : AddFile(member, size);
    }

    private static string? Refusal(char kind, long size) => kind switch
    {
        '0' or '\0' or '7' => null,
        '2' or '5' => size == 0 ? null : $"is a {(kind == '2' ? "link" : "folder")}, yet carries {size} bytes",
        '1' => "is a hard link; pack it as a file of its own (GNU tar: --hard-dereference)",
        '3' or '4' => "is a device; an image holds files, folders and symbolic links",
        '6' => "is a FIFO; an image holds files, folders and symbolic links",
        'S' => "is a sparse file; pack it without --sparse",
        _ => $"is of kind 0x{(int)kind:x2}, which is not known; an image holds files, folders and symbolic links",
    };

    private static DateTimeOffset? Time(TarHeader header, PaxRecords about)
    {
        const long Year10000 = 253_402_300_800;
        if (about.ModifiedSeconds is { } exact)
        {
            var ticks = (long)(Math.Clamp(exact, 0, Year10000 - 1) * TimeSpan.TicksPerSecond);
            return DateTimeOffset.UnixEpoch.AddTicks(ticks);
        }
        return header.ModifiedSeconds is { } seconds
            ? DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, 0, Year10000 - 1))
            : null;
    }

    private BundleProblem? AddFolder(TarMember member)
    {
        if (UserSettingsFile.Covers(member.Path))
        {
            return Skip(0);
        }
        return tree.Add(member.Path, TarTree.Node.Folder) is { } wrong ? Fail(wrong.Code, wrong.Text)
            : sink.Folder(member) ? null : Stopped();
    }

    private BundleProblem? AddLink(TarMember member, string? target)
    {
        if (UserSettingsFile.Covers(member.Path))
        {
            return Skip(0);
        }
        if (TarPath.LinkComplaint(member.Path, target ?? "", limits) is { } complaint)
        {
            return Fail(BundleProblemCode.TarLink, complaint);
        }
        return tree.Add(member.Path, TarTree.Node.Link) is { } wrong ? Fail(wrong.Code, wrong.Text)
            : sink.SymbolicLink(member, target!) ? null : Stopped();
    }

    private BundleProblem? AddFile(TarMember member, long size)
    {
        if (UserSettingsFile.Covers(member.Path))
        {
            return Skip(size);
        }
        if (tree.Add(member.Path, TarTree.Node.File) is { } wrong)
        {
            return Fail(wrong.Code, wrong.Text);
        }
        return sink.FileBegin(member, size) ? BeginData(Stage.FileData, size) : Stopped();
    }

    private BundleProblem? Skip(long size)
    {
        if (tree.CountOther() is { } tooMany)
        {
            return Fail(tooMany.Code, tooMany.Text);
        }
        return sink.Skipped(memberPath) ? BeginData(Stage.SkippedData, size) : Stopped();
    }

    private BundleProblem? BeginData(Stage kind, long size)
    {
        stage = kind;
        dataLeft = size;
        paddingLeft = (int)(-size & (TarHeader.BlockBytes - 1));
        return size == 0 ? EndData() : null;
    }

    private BundleProblem? ReadData(ref ReadOnlySpan<byte> bytes)
    {
        var data = Consume(ref bytes, (int)Math.Min(bytes.Length, dataLeft));
        if (stage == Stage.FileData && !sink.FileData(data))
        {
            return Stopped();
        }
        if (stage == Stage.MetaData)
        {
            data.CopyTo(meta.AsSpan(meta.Length - (int)dataLeft));
        }
        dataLeft -= data.Length;
        return dataLeft == 0 ? EndData() : null;
    }

    private BundleProblem? EndData()
    {
        var ended = stage;
        stage = paddingLeft == 0 ? Stage.Header : Stage.Padding;
        return ended switch
        {
            Stage.FileData => sink.FileEnd() ? null : Stopped(),
            Stage.MetaData => EndMeta(),
            _ => null,
        };
    }

    private BundleProblem? EndMeta()
    {
        var problem = metaKind switch
        {
            'L' => (extended.Path = TarHeader.Text(TarHeader.UpToNul(meta))) is null ? "has a name that is not UTF-8" : null,
            'K' => (extended.Link = TarHeader.Text(TarHeader.UpToNul(meta))) is null ? "has a link that is not UTF-8" : null,
            _ => extended.Read(meta, isGlobal: metaKind == 'g'),
        };
        meta = [];
        return problem is null ? null : Fail(BundleProblemCode.TarHeader, problem);
    }

    private BundleProblem? SkipPadding(ref ReadOnlySpan<byte> bytes)
    {
        paddingLeft -= Consume(ref bytes, Math.Min(bytes.Length, paddingLeft)).Length;
        stage = paddingLeft == 0 ? Stage.Header : Stage.Padding;
        return null;
    }

    /// <summary>Archives are filled up to a whole record (often 10 KiB) with zeros.</summary>
    private BundleProblem? ExpectZeros(ref ReadOnlySpan<byte> bytes)
    {
        var clean = bytes.IndexOfAnyExcept((byte)0) < 0;
        Consume(ref bytes, bytes.Length);
        return clean ? null : new BundleProblem(BundleProblemCode.TarTrailingData,
            $"the file-system image has data behind its end mark (before byte {Offset})", Offset);
    }

    private ReadOnlySpan<byte> Consume(ref ReadOnlySpan<byte> bytes, int count)
    {
        var taken = bytes[..count];
        bytes = bytes[count..];
        Offset += count;
        return taken;
    }

    private BundleProblem Stopped() =>
        new(BundleProblemCode.Stopped, "the receiver of the file-system image stopped the reading", Offset, memberPath);

    private BundleProblem Fail(BundleProblemCode code, string text) => new(code, memberPath.Length == 0
            ? $"a member of the file-system image {text} (at byte {headerOffset} of the image)"
            : $"'{EntryName.Printable(memberPath)}' in the file-system image {text} (at byte {headerOffset} of the image)",
        headerOffset, memberPath.Length == 0 ? null : memberPath);
}
