using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics;

namespace Meerkat.Core.Bundles;

/// <summary>
/// Reads a bundle that arrives in pieces of any size and tells an <see cref="IBundleSink"/> what is in it. Holds the
/// manifest and one header in memory, never a part. Bad input is an answer (<see cref="Problem"/>), not an exception;
/// after one, nothing more is read.
/// </summary>
public sealed class BundleReader : IDisposable
{
    private const int SignatureBytes = 4;

    private readonly IBundleSink sink;
    private readonly BundleLimits limits;
    private readonly long? announcedBytes;
    private readonly HashSet<string> seen = new(StringComparer.Ordinal);

    private Stage stage = Stage.Header;
    private byte[] header = new byte[LocalHeader.FixedBytes];
    private int headerFilled;
    private int headerNeeded = SignatureBytes;
    private long headerOffset;
    private int entries;

    private BundleHead? head;
    private byte[]? manifestBytes;
    private int manifestFilled;
    private ImmutableSortedDictionary<string, string>? attributes;

    private string entryName = "";
    private ManifestPart? part;
    private long packedLeft;
    private long sizeBytes;
    private long produced;
    private EntryChecks? checks;
    private Inflation? inflation;
    private readonly DirectoryEnd directoryEnd = new();
    private long directoryBytes;

    /// <param name="announcedBytes">Size of the whole archive when it is known beforehand: no entry may reach beyond it, and
    /// no fewer bytes may arrive.</param>
    public BundleReader(IBundleSink sink, BundleLimits? limits = null, long? announcedBytes = null)
    {
        this.sink = sink;
        this.limits = limits ?? BundleLimits.Default;
        this.announcedBytes = announcedBytes;
    }

    private enum Stage
    {
        Header,
        Body,
        Directory,
    }

    /// <summary>Why the bundle is refused; null while all is well.</summary>
    public BundleProblem? Problem { get; private set; }

    /// <summary>Bytes read so far.</summary>
    public long Offset { get; private set; }

    /// <summary>The central directory was reached and every part was there; the rest of the archive is ignored.</summary>
    public bool Ended => stage == Stage.Directory && Problem is null;

    /// <summary>Reads the next bytes of the archive. Returns <see cref="Problem"/>.</summary>
    public BundleProblem? Push(ReadOnlySpan<byte> bytes)
    {
        if (Problem is not null)
        {
            return Problem;
        }
        // Stands if the sink throws: what it did not finish must not be continued.
        Problem = new BundleProblem(BundleProblemCode.Stopped, "the receiver of the bundle failed", Offset);
        BundleProblem? found = null;
        while (!bytes.IsEmpty && found is null)
        {
            found = stage switch
            {
                Stage.Header => FillHeader(ref bytes),
                Stage.Body => ReadBody(ref bytes),
                Stage.Directory => SkipDirectory(ref bytes),
                _ => throw new UnreachableException(),
            };
        }
        return Problem = found;
    }

    /// <summary>Says that the archive ends here. Returns <see cref="Problem"/>, which then includes being cut off.</summary>
    public BundleProblem? Complete()
    {
        if (Problem is null && stage != Stage.Directory)
        {
            Problem = stage == Stage.Body
                ? Fail(BundleProblemCode.Truncated,
                    $"is cut off: {packedLeft} of its bytes are missing", Offset)
                : new BundleProblem(BundleProblemCode.Truncated, Offset == 0
                    ? "the bundle is empty: not a single byte arrived"
                    : $"the bundle is cut off at byte {Offset}, before its central directory", Offset);
        }
        if (Problem is null && !directoryEnd.Seen)
        {
            Problem = new BundleProblem(BundleProblemCode.Truncated,
                $"the bundle is cut off at byte {Offset}, in its central directory", Offset);
        }
        if (Problem is null && announcedBytes > Offset)
        {
            Problem = new BundleProblem(BundleProblemCode.Truncated,
                $"the bundle is cut off: {Offset} of the {announcedBytes} announced bytes arrived", Offset);
        }
        return Problem;
    }

    public void Dispose() => DropEntry();

    private BundleProblem? FillHeader(ref ReadOnlySpan<byte> bytes)
    {
        if (headerFilled == 0)
        {
            headerOffset = Offset;
        }
        var count = Math.Min(bytes.Length, headerNeeded - headerFilled);
        bytes[..count].CopyTo(header.AsSpan(headerFilled));
        Consume(ref bytes, count);
        headerFilled += count;
        if (headerFilled < headerNeeded)
        {
            return null;
        }
        if (headerFilled == SignatureBytes)
        {
            return ReadSignature();
        }
        var local = new LocalHeader(header);
        if (headerFilled == LocalHeader.FixedBytes && local.TotalBytes > LocalHeader.FixedBytes)
        {
            return MakeRoomForNames(local);
        }
        headerFilled = 0;
        headerNeeded = SignatureBytes;
        return BeginEntry(local);
    }

    private BundleProblem? ReadSignature()
    {
        var signature = BinaryPrimitives.ReadUInt32LittleEndian(header);
        if (signature == LocalHeader.Signature)
        {
            headerNeeded = LocalHeader.FixedBytes;
            return null;
        }
        if (signature is LocalHeader.DirectorySignature or LocalHeader.DirectoryEndSignature)
        {
            stage = Stage.Directory;
            directoryEnd.Take(header.AsSpan(0, SignatureBytes));
            return EndEntries();
        }
        return new BundleProblem(BundleProblemCode.NotAZip, headerOffset == 0
            ? $"this is not a firmware bundle: a zip file begins with 504b0304, this begins with {Hex(header)}"
            : $"the bundle is malformed: at byte {headerOffset} a zip header must begin with 504b0304 or 504b0102, "
                + $"not {Hex(header)}", headerOffset);
    }

    private static string Hex(byte[] header) => Convert.ToHexStringLower(header, 0, SignatureBytes);

    private BundleProblem? MakeRoomForNames(LocalHeader local)
    {
        var maxNameBytes = limits.NameBytes + limits.FolderBytes + 1;
        if (local.NameBytes > maxNameBytes)
        {
            return Archive(BundleProblemCode.BadName,
                $"an entry's name has {local.NameBytes} bytes; at most {maxNameBytes} are accepted");
        }
        if (local.ExtraBytes > limits.ExtraBytes)
        {
            return Archive(BundleProblemCode.BadExtraField,
                $"an entry's extra field has {local.ExtraBytes} bytes; at most {limits.ExtraBytes} are accepted");
        }
        headerNeeded = local.TotalBytes;
        if (header.Length < headerNeeded)
        {
            Array.Resize(ref header, headerNeeded);
        }
        return null;
    }

    private BundleProblem? BeginEntry(LocalHeader local)
    {
        if (++entries > limits.Entries)
        {
            return Archive(BundleProblemCode.TooManyEntries, $"the bundle has more than {limits.Entries} entries");
        }
        if (local.Name is not { } fullName)
        {
            return Archive(BundleProblemCode.BadName, "an entry's name is not UTF-8 text");
        }
        entryName = fullName;
        if (local.Unsupported(limits) is { } unsupported)
        {
            return Fail(unsupported.Code, unsupported.Text, headerOffset);
        }
        if (local.HasZip64Extra)
        {
            return Fail(BundleProblemCode.Zip64, "is in zip64 format; entries stay below 4 GiB", headerOffset);
        }
        if (CheckName(fullName) is { } badName)
        {
            return badName;
        }
        if (announcedBytes is { } total && Offset + local.PackedBytes > total)
        {
            return Fail(BundleProblemCode.SizeMismatch, $"would end at byte {Offset + local.PackedBytes}, "
                + $"but the whole bundle has only {total} bytes: it was cut off", headerOffset);
        }
        packedLeft = local.PackedBytes;
        sizeBytes = local.SizeBytes;
        produced = 0;
        var refused = head is null ? BeginManifest(local) : BeginPart(local);
        if (refused is not null)
        {
            return refused;
        }
        stage = Stage.Body;
        return packedLeft == 0 ? EndEntry() : null;
    }

    private BundleProblem? CheckName(string fullName)
    {
        if (EntryName.Complaint(fullName) is { } complaint)
        {
            return Fail(BundleProblemCode.BadName, $"has a forbidden name: it {complaint}", headerOffset);
        }
        entryName = EntryName.WithoutFolder(fullName);
        if (System.Text.Encoding.UTF8.GetByteCount(entryName) > limits.NameBytes)
        {
            return Fail(BundleProblemCode.BadName,
                $"has a name of more than {limits.NameBytes} bytes after its top folder", headerOffset);
        }
        if (!fullName.EndsWith('/') && !seen.Add(entryName))
        {
            return Fail(BundleProblemCode.EntryTwice, "is there twice", headerOffset);
        }
        return null;
    }

    private BundleProblem? BeginManifest(LocalHeader local)
    {
        if (entryName != EntryName.Manifest)
        {
            return Fail(BundleProblemCode.ManifestNotFirst, "is the first entry; that must be manifest.json", headerOffset);
        }
        if (local.SizeBytes > limits.ManifestBytes)
        {
            return Fail(BundleProblemCode.ManifestTooLarge,
                $"has {local.SizeBytes} bytes; at most {limits.ManifestBytes} are accepted", headerOffset);
        }
        attributes = ExtraField.ReadAttributes(local.Extra, out var problem);
        if (problem is not null)
        {
            return Fail(BundleProblemCode.BadExtraField, problem, headerOffset);
        }
        manifestBytes = new byte[local.SizeBytes];
        checks = new EntryChecks(null, local.Crc32);
        inflation = local.IsDeflated ? new Inflation() : null;
        return null;
    }

    private BundleProblem? BeginPart(LocalHeader local)
    {
        part = head!.Manifest.Parts.Values.FirstOrDefault(p => p.Src == entryName);
        if (part is null)
        {
            return null;
        }
        if (part.Size is { } declared && declared != local.SizeBytes)
        {
            return Fail(BundleProblemCode.SizeMismatch,
                $"has {local.SizeBytes} bytes, the manifest says {declared}", headerOffset);
        }
        if (local.Crc32 == 0 && part is { CsSha1: null, CsSha256: null } && local.SizeBytes > 0)
        {
            return Fail(BundleProblemCode.Unprotected,
                "has neither a CRC-32 nor a digest in the manifest: damage would go unnoticed", headerOffset);
        }
        switch (sink.PartBegin(new BundlePart(part, local.SizeBytes)))
        {
            case PartChoice.Stop: return Stopped();
            case PartChoice.Skip: part = null; return null;
            default: break;
        }
        checks = new EntryChecks(part, local.Crc32);
        inflation = local.IsDeflated ? new Inflation() : null;
        return null;
    }

    private BundleProblem? ReadBody(ref ReadOnlySpan<byte> bytes)
    {
        var packed = bytes[..(int)Math.Min(bytes.Length, packedLeft)];
        Consume(ref bytes, packed.Length);
        packedLeft -= packed.Length;
        var refused = checks is null ? null : inflation is null ? Deliver(packed) : Inflate(packed);
        return refused ?? (packedLeft == 0 ? EndEntry() : null);
    }

    private BundleProblem? Inflate(ReadOnlySpan<byte> packed)
    {
        while (true)
        {
            ReadOnlySpan<byte> data;
            try
            {
                // One byte more than declared is asked for, so that a bomb is noticed at its first byte too many.
                data = inflation!.Read(ref packed, sizeBytes - produced + 1);
            }
            catch (InvalidDataException)
            {
                return Fail(BundleProblemCode.BadDeflate, "is damaged: this is not deflate data", Offset);
            }
            if (data.Length > sizeBytes - produced)
            {
                return Fail(BundleProblemCode.BadDeflate,
                    $"inflates to more than the {sizeBytes} bytes its header says", Offset);
            }
            if (data.IsEmpty)
            {
                return null;
            }
            if (Deliver(data) is { } refused)
            {
                return refused;
            }
        }
    }

    private BundleProblem? Deliver(ReadOnlySpan<byte> data)
    {
        checks!.Append(data);
        if (part is null)
        {
            data.CopyTo(manifestBytes.AsSpan(manifestFilled));
            manifestFilled += data.Length;
        }
        else if (!sink.PartData(data))
        {
            return Stopped();
        }
        produced += data.Length;
        return null;
    }

    private BundleProblem? EndEntry()
    {
        stage = Stage.Header;
        if (checks is null)
        {
            return null;
        }
        if (produced < sizeBytes)
        {
            return Fail(BundleProblemCode.BadDeflate,
                $"inflates to {produced} bytes, its header says {sizeBytes}", Offset);
        }
        if (checks.Finish(out var digest) is { } wrong)
        {
            return Fail(wrong.Code, wrong.Text, Offset);
        }
        DropEntry();
        return head is null ? EndManifest()
            : sink.PartEnd(new CompletedPart(part!, sizeBytes, digest)) ? null : Stopped();
    }

    private BundleProblem? EndManifest()
    {
        var answer = Manifest.Parse(manifestBytes, limits);
        if (answer is ManifestParse.Rejected rejected)
        {
            return new BundleProblem(BundleProblemCode.ManifestInvalid, rejected.Reason, headerOffset, entryName);
        }
        var manifest = ((ManifestParse.Parsed)answer).Manifest;
        head = new BundleHead(manifest, manifestBytes, attributes!);
        return sink.Manifest(head) ? null : Stopped();
    }

    private BundleProblem? EndEntries()
    {
        if (head is null)
        {
            return Archive(BundleProblemCode.ManifestNotFirst, "the bundle has no entries; the first must be manifest.json");
        }
        if (head.Manifest.Parts.Values.FirstOrDefault(p => p.Src is { } src && !seen.Contains(src)) is { } missing)
        {
            return new BundleProblem(BundleProblemCode.PartMissing,
                $"part '{missing.Name}' ({missing.Src}) is missing from the bundle", headerOffset, missing.Src);
        }
        sink.End();
        return null;
    }

    private BundleProblem? SkipDirectory(ref ReadOnlySpan<byte> bytes)
    {
        directoryBytes += bytes.Length;
        directoryEnd.Take(bytes);
        Consume(ref bytes, bytes.Length);
        return directoryBytes <= limits.DirectoryBytes ? null : new BundleProblem(BundleProblemCode.TrailingData,
            $"more than {limits.DirectoryBytes} bytes follow the bundle's last entry", Offset);
    }

    private void Consume(ref ReadOnlySpan<byte> bytes, int count)
    {
        Offset += count;
        bytes = bytes[count..];
    }

    private void DropEntry()
    {
        checks?.Dispose();
        checks = null;
        inflation?.Dispose();
        inflation = null;
    }

    private BundleProblem Stopped() =>
        new(BundleProblemCode.Stopped, "the receiver of the bundle stopped the reading", Offset, entryName);

    private BundleProblem Fail(BundleProblemCode code, string text, long offset) =>
        new(code, $"'{EntryName.Printable(entryName)}' {text} (at byte {offset} of the bundle)", offset, entryName);

    private BundleProblem Archive(BundleProblemCode code, string text) =>
        new(code, $"{text} (at byte {headerOffset})", headerOffset);
}
