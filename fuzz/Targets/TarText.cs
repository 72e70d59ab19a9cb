using System.Globalization;
using System.Text;

namespace Meerkat.Fuzz.Targets;

/// <summary>A tar archive taken apart into members, each a header block and its data.</summary>
internal sealed class TarText
{
    private const int BlockBytes = 512;

    /// <summary>Where the fields of a header are: name, mode, owner, size, time, checksum, kind, link, magic, names, devices, prefix.</summary>
    private static readonly (int At, int Length)[] Fields =
        [(0, 100), (100, 8), (108, 8), (124, 12), (136, 12), (148, 8), (156, 1), (157, 100), (257, 8), (265, 32), (329, 8), (345, 155)];

    private List<Member> members = [];
    private byte[] tail = [];

    public static TarText Generate(Random chance)
    {
        var tar = new TarText { tail = new byte[chance.Pick([1024, 1536, 10240])] };
        if (chance.Next(3) == 0)
        {
            tar.members.Add(Member.Of("./", '5', [], ""));
        }
        for (var number = chance.Next(6); number > 0; number--)
        {
            var path = $"{chance.Pick(["", "./", "www/", "a/b/c/"])}file{number}";
            switch (chance.Next(6))
            {
                case 0:
                    tar.members.Add(Member.Of(path, '2', [], chance.Next(2) == 0 ? "x" : "./x/y"));
                    break;
                case 1:
                    tar.members.Add(Member.Of(path + "/", '5', [], ""));
                    break;
                case 2:
                    tar.members.Add(Member.Of("pax", 'x', Encoding.UTF8.GetBytes(Record("path", $"{path}-{new string('n', 150)}") + Record("mtime", "1681207200.25")), ""));
                    tar.members.Add(Member.Of(path, '0', ByteMutations.RandomBytes(chance, chance.Next(700)), ""));
                    break;
                case 3:
                    tar.members.Add(Member.Of("././@LongLink", 'L', Encoding.UTF8.GetBytes($"{path}-{new string('l', 150)}\0"), ""));
                    tar.members.Add(Member.Of(path, '0', ByteMutations.RandomBytes(chance, chance.Next(700)), ""));
                    break;
                default:
                    tar.members.Add(Member.Of(path, '0', ByteMutations.RandomBytes(chance, chance.Next(1200)), ""));
                    break;
            }
        }
        return tar;
    }

    /// <summary>Follows the headers as far as their sizes lead; null when not even one block is there.</summary>
    public static TarText? Read(byte[] bytes)
    {
        var tar = new TarText();
        var rest = bytes.AsSpan();
        while (rest.Length >= BlockBytes && rest[..BlockBytes].ContainsAnyExcept((byte)0))
        {
            var header = rest[..BlockBytes].ToArray();
            var digits = Encoding.ASCII.GetString(header, 124, 12).Trim(' ', '\0');
            var size = digits.Length is > 0 and < 12 && digits.All(digit => digit is >= '0' and <= '7') ? Convert.ToInt64(digits, 8) : 0;
            var padded = (int)Math.Min(rest.Length - BlockBytes, (size + BlockBytes - 1) / BlockBytes * BlockBytes);
            tar.members.Add(new Member(header, rest.Slice(BlockBytes, (int)Math.Min(size, padded)).ToArray()));
            rest = rest[(BlockBytes + padded)..];
        }
        tar.tail = rest.ToArray();
        return tar.members.Count > 0 ? tar : null;
    }

    public byte[] ToBytes() => [.. members.SelectMany(member => member.ToBytes()), .. tail];

    public TarText Mutate(TarText? other, Random chance)
    {
        var at = chance.Next(members.Count);
        var member = members[at];
        switch (chance.Next(12))
        {
            case 0: members.RemoveAt(at); break;
            case 1: members.Insert(chance.Next(members.Count + 1), member); break;
            case 2: members.Insert(at, other is null ? member : chance.Pick(other.members)); break;
            case 3: members.Insert(at, NewMeta(chance)); break;
            case 4 or 5: members[at] = member.With(0, 100, NewName(chance)); break;
            case 6: members[at] = member.With(157, 100, NewName(chance)) with { Kind = '2' }; break;
            case 7: members[at] = member with { Kind = "01234567xgLKS\0V"[chance.Next(15)] }; break;
            case 8:
                var (from, length) = chance.Pick(Fields);
                members[at] = member.With(from, length, NewNumber(chance, length));
                break;
            case 9: members[at] = member with { Data = ByteMutations.Mutate(member.Data, member.Data, chance), SizeStands = chance.Next(2) == 0 }; break;
            case 10: tail = ByteMutations.Mutate(tail, tail, chance); break;
            default:
                var spoiled = ByteMutations.Mutate(member.Header, member.Header, chance);
                Array.Resize(ref spoiled, BlockBytes);
                members[at] = member with { Header = spoiled, SizeStands = true, ChecksumStands = chance.Next(3) == 0 };
                break;
        }
        if (members.Count == 0)
        {
            members.Add(member);
        }
        return this;
    }

    private static Member NewMeta(Random chance)
    {
        var kind = chance.Pick(['x', 'x', 'x', 'g', 'L', 'K']);
        if (kind is 'L' or 'K')
        {
            return Member.Of("meta", kind, [.. NewName(chance), .. new byte[chance.Next(3)]], "");
        }
        var records = "";
        for (var count = chance.Next(1, 4); count > 0; count--)
        {
            var key = chance.Pick(["path", "linkpath", "size", "mtime", "uid", "GNU.sparse.map", "", "SCHILY.xattr.a"]);
            var value = chance.Pick(
                ["", "0", "5", "-1", "1e3", "1681207200.25", "99999999999999999999", "-99999999999999999999999999999.5", "79228162514264337593543950335",
                    "9223372036854775807", "68719476737", "../x", "a=b", "x\ny", "\u00e4", Encoding.UTF8.GetString(NewName(chance))]);
            records += chance.Next(6) switch
            {
                0 => chance.Pick(["0 a=b\n", "5 a=b\n", "6 a=b\n", "7 a=b\n", "999999999 a=b\n", "9999999999 a=b\n", "-6 a=b\n", " 6 a=b\n", "06 a=b\n", "6\ta=b\n", "4 =\n", "3 \n"]),
                _ => Record(key, value),
            };
        }
        return Member.Of("pax", kind, Encoding.UTF8.GetBytes(records), "");
    }

    private static byte[] NewName(Random chance) => chance.Next(10) switch
    {
        0 => ByteMutations.RandomBytes(chance, chance.Next(1, 100)),
        1 => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("d/", chance.Pick([62, 63, 64, 65, 2040, 2060])) + "x")),
        2 => Encoding.UTF8.GetBytes(new string('n', chance.Pick([99, 100, 155, 254, 255, 256, 4095, 4096, 4097]))),
        3 => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(chance.Pick(["../", "a/../", "./", "a/"]), chance.Next(1, 6))) + chance.Pick(["", "x", ".."])),
        _ => Encoding.UTF8.GetBytes(chance.Pick(
            ["", "/", ".", "./", "..", "../", "a", "a/", "a/b", "a/b/c", "/a", "a//b", "./conf.json", "conf.json", "CONF.JSON", "conf9.json/", "conf.json.try",
                "file1", "file2", "www/file1", "www", "a\0b", "\u00e4", "x/../../y", "x/./y"])),
    };

    private static byte[] NewNumber(Random chance, int length)
    {
        switch (chance.Next(4))
        {
            case 0:
                return Encoding.ASCII.GetBytes(Convert.ToString(Math.Abs((long)chance.EdgeNumber()), 8).PadLeft(Math.Max(0, length - 1), '0'));
            case 1:
                var binary = ByteMutations.RandomBytes(chance, length);
                binary[0] = (byte)(chance.Next(2) == 0 ? 0x80 : 0xFF);
                Array.Fill(binary, binary[0] == 0xFF ? (byte)0xFF : (byte)0, Math.Min(1, length - 1), Math.Max(0, length - chance.Next(1, 9) - 1));
                return binary;
            case 2:
                return Encoding.ASCII.GetBytes(chance.Pick(["", " ", "7", "8", "777", "-1", "0x1", "77777777777", "00000000001 ", " 1", "1 1"]));
            default:
                return ByteMutations.RandomBytes(chance, length);
        }
    }

    /// <summary>"LENGTH KEY=VALUE\n", where the length counts itself.</summary>
    private static string Record(string key, string value)
    {
        var rest = Encoding.UTF8.GetByteCount($" {key}={value}\n");
        var length = rest + 1;
        while (rest + length.ToString(CultureInfo.InvariantCulture).Length != length)
        {
            length++;
        }
        return string.Create(CultureInfo.InvariantCulture, $"{length} {key}={value}\n");
    }

    private sealed record Member(byte[] Header, byte[] Data)
    {
        /// <summary>The size in the header stays as it is.</summary>
        public bool SizeStands { get; init; }

        public bool ChecksumStands { get; init; }

        public char Kind
        {
            get => (char)Header[156];
            init => Header = Put(Header, 156, 1, [(byte)value]);
        }

        public static Member Of(string path, char kind, byte[] data, string link)
        {
            var header = new byte[BlockBytes];
            Encoding.UTF8.GetBytes(path).AsSpan().CopyTo(header);
            "0000644"u8.CopyTo(header.AsSpan(100));
            "14415224740"u8.CopyTo(header.AsSpan(136));
            header[156] = (byte)kind;
            Encoding.UTF8.GetBytes(link).CopyTo(header, 157);
            "ustar\000"u8.CopyTo(header.AsSpan(257));
            return new Member(header, data);
        }

        public Member With(int at, int length, byte[] value) => this with
        {
            Header = Put(Header, at, length, value),
            SizeStands = SizeStands || at == 124,
            ChecksumStands = ChecksumStands || at == 148,
        };

        public byte[] ToBytes()
        {
            var header = Header.ToArray();
            if (!SizeStands)
            {
                Encoding.ASCII.GetBytes(Convert.ToString(Data.Length, 8).PadLeft(11, '0') + "\0").CopyTo(header, 124);
            }
            if (!ChecksumStands)
            {
                "        "u8.CopyTo(header.AsSpan(148));
                Encoding.ASCII.GetBytes(Convert.ToString(header.Sum(value => value), 8).PadLeft(6, '0') + "\0 ").CopyTo(header, 148);
            }
            return [.. header, .. Data, .. new byte[-Data.Length & (BlockBytes - 1)]];
        }

        private static byte[] Put(byte[] header, int at, int length, byte[] value)
        {
            var changed = header.ToArray();
            changed.AsSpan(at, length).Clear();
            value.AsSpan(0, Math.Min(length, value.Length)).CopyTo(changed.AsSpan(at));
            return changed;
        }
    }
}
