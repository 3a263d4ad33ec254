using CsCheck;
using Varve.Linux;
using Xunit;

namespace Varve.Tests;

public sealed class PathTextTests
{
    [Fact]
    public void Every_path_survives_the_round_trip() =>
        Gen.Byte.Array[0, 40].Sample(bytes => Assert.Equal(bytes, PathText.Encode(PathText.Decode(bytes))));

    [Fact]
    public void Characters_outside_the_basic_plane_are_not_taken_for_escapes()
    {
        Assert.False(PathText.HasEscapes("land/🌍.tif"));
        Assert.True(PathText.HasEscapes(PathText.Decode([0x61, 0xFF])));
    }
}
