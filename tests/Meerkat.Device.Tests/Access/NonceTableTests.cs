using Meerkat.Device.Access;
using Microsoft.Extensions.Time.Testing;

namespace Meerkat.Device.Tests.Access;

public sealed class NonceTableTests
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void Use_CountsOnce()
    {
        var table = new NonceTable(time, bits: 128);
        var nonce = table.Issue();

        Assert.True(table.TryUse(nonce, 1));
        Assert.False(table.TryUse(nonce, 1));
        Assert.True(table.TryUse(nonce, 2));
        Assert.False(table.TryUse(nonce, 1));
        Assert.False(table.TryUse(nonce, 0));
    }

    /// <summary>The counts in the order they arrive in, and which of them are taken.</summary>
    [Theory]
    [InlineData("1 3 2 2", "1 3 2")]
    [InlineData("5 1 5 4", "5 1 4")]
    [InlineData("100 37 36 99 100", "100 37 99")]
    [InlineData("1 65 1 2 66 2", "1 65 2 66")]
    [InlineData("4294967295 4294967295 4294967294 1", "4294967295 4294967294")]
    public void CountsThatOvertakeEachOther_AreTakenOnceEach(string arriving, string taken)
    {
        var table = new NonceTable(time, bits: 128);
        var nonce = table.Issue();

        Assert.Equal(taken, string.Join(' ', arriving.Split(' ').Where(count => table.TryUse(nonce, uint.Parse(count)))));
    }

    [Fact]
    public void WhatWasNeverOurs_IsNotTaken()
    {
        var table = new NonceTable(time, bits: 31);
        var nonce = table.Issue();

        Assert.False(table.TryUse(nonce ^ 1, 1));
        Assert.False(new NonceTable(time, bits: 31).TryUse(nonce, 1));
    }

    [Fact]
    public void AfterAnHour_ItIsTooOld()
    {
        var table = new NonceTable(time, bits: 128);
        var nonce = table.Issue();
        time.Advance(NonceTable.Lifetime);
        Assert.True(table.TryUse(nonce, 1));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(table.TryUse(nonce, 2));
    }

    [Fact]
    public void ManyThatNobodyAnswers_AreForgottenOldestFirst()
    {
        var table = new NonceTable(time, bits: 31);
        var first = table.Issue();
        UInt128 last = 0;
        for (var i = 0; i < 4096; i++)
        {
            last = table.Issue();
            Assert.InRange(last, UInt128.One, (UInt128)int.MaxValue);
        }
        Assert.False(table.TryUse(first, 1));
        Assert.True(table.TryUse(last, 1));
    }
}
