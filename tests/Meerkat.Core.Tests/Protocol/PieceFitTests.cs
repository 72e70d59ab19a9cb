using Meerkat.Core.Protocol;

namespace Meerkat.Core.Tests.Protocol;

public sealed class PieceFitTests
{
    [Theory]
    [InlineData(0, 0, 512, 0)]
    [InlineData(512, 512, 512, 0)]
    [InlineData(512, 512, 0, 0)]
    [InlineData(512, 0, 513, 512)]
    [InlineData(512, 511, 512, 1)]
    public void PieceWithNewBytes_IsTakenWithoutItsKnownFront(long received, long offset, int length, int skip) =>
        Assert.Equal(new PieceFit.Take(skip), PieceFit.Of(received, offset, length));

    [Theory]
    [InlineData(512, 0, 512)]
    [InlineData(512, 0, 0)]
    [InlineData(1024, 512, 512)]
    [InlineData(1024, 1023, 1)]
    public void PieceThatCameBefore_IsKnown(long received, long offset, int length) =>
        Assert.Equal(new PieceFit.Known(), PieceFit.Of(received, offset, length));

    [Theory]
    [InlineData(0, 1, 512)]
    [InlineData(512, 1024, 512)]
    [InlineData(512, long.MaxValue, 0)]
    public void PieceBeyondWhatCame_LeavesAGap(long received, long offset, int length) =>
        Assert.Equal(new PieceFit.Gap(), PieceFit.Of(received, offset, length));
}
