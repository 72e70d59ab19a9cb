using System.Globalization;
using System.Numerics;
using System.Text;
using CsCheck;
using Meerkat.Core.Values;

namespace Meerkat.Storage.Tests;

public sealed class SealCodecTests
{
    private static readonly Seal Seal =
        new("thermostat", "linux-x64", new FirmwareVersion("1.1.0", "ä \"quoted\" <b>"), default, 142336, 2);

    private static readonly Gen<Seal> GenSeal = Gen.Select(
        Gen.Char.AlphaNumeric.Array[0, 64].Select(letters => new string(letters)), Gen.String[0, 40].Where(IsText), Gen.Byte.Array[32],
        Gen.Long[0, long.MaxValue], Gen.UInt,
        (name, build, image, bytes, commits) =>
            new Seal(name, "linux-arm64", new FirmwareVersion(name, build), new Digest(image), bytes, commits));

    [Fact]
    public void AnySeal_ReadsAsItWasWritten() => GenSeal.Sample(seal => SealCodec.Decode(SealCodec.Encode(seal)) == seal);

    [Fact]
    public void TornAtAnyByte_IsNone()
    {
        var bytes = SealCodec.Encode(Seal);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Null(SealCodec.Decode(bytes.AsSpan(0, length)));
        }
    }

    [Fact]
    public void AnyByteChanged_IsNone()
    {
        var bytes = SealCodec.Encode(Seal);
        for (var index = 0; index < bytes.Length; index++)
        {
            foreach (var change in (byte[])[0x01, 0x20, 0x80, 0xFF])
            {
                var spoiled = bytes.ToArray();
                spoiled[index] ^= change;
                Assert.Null(SealCodec.Decode(spoiled));
            }
        }
    }

    [Fact]
    public void SomethingAfterTheSeal_IsNone() => Assert.Null(SealCodec.Decode([.. SealCodec.Encode(Seal), (byte)'\n']));

    [Theory]
    [InlineData("""{"format":2,"name":"","platform":"","version":"","build_id":"","image_sha256":"D","image_size":1,"commit_count":1}""")]
    [InlineData("""{"format":1,"platform":"","version":"","build_id":"","image_sha256":"D","image_size":1,"commit_count":1}""")]
    [InlineData("""{"format":1,"name":null,"platform":"","version":"","build_id":"","image_sha256":"D","image_size":1,"commit_count":1}""")]
    [InlineData("""{"format":1,"name":7,"platform":"","version":"","build_id":"","image_sha256":"D","image_size":1,"commit_count":1}""")]
    [InlineData("""{"format":1,"name":"","platform":"","version":"","build_id":"","image_sha256":"","image_size":1,"commit_count":1}""")]
    [InlineData("""{"format":1,"name":"","platform":"","version":"","build_id":"","image_sha256":"D","image_size":1,"commit_count":-1}""")]
    [InlineData("""{"format":1,"name":"","platform":"","version":"","build_id":"","image_sha256":"D","image_size":1.5,"commit_count":1}""")]
    [InlineData("""{"format":1,"name":"","name":"","platform":"","version":"","build_id":"","image_sha256":"D","image_size":1,"commit_count":1}""")]
    [InlineData("""{"format":1}""")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("{")]
    [InlineData("")]
    public void SealWithARightChecksumOverWrongContents_IsNone(string json)
    {
        var line = Encoding.UTF8.GetBytes(json.Replace("\"D\"", $"\"{default(Digest)}\"", StringComparison.Ordinal) + "\n");
        var crc = line.Aggregate(uint.MaxValue, BitOperations.Crc32C);
        Assert.Null(SealCodec.Decode([.. line, .. Encoding.ASCII.GetBytes((~crc).ToString("x8", CultureInfo.InvariantCulture) + "\n")]));
    }

    private static bool IsText(string text) => !text.Any(char.IsSurrogate);
}
