using Varve.Raster.Evaluation;
using Varve.Raster.Files;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Memory that is given back when others need it.</summary>
public sealed class MemoryTests
{
    [Fact]
    public void Blocks_kept_for_later_are_dropped_while_memory_is_tight()
    {
        using var folder = new TemporaryFolder();
        TestTiff.Write(folder["a.tif"], Grid.Plain(32, 16), PixelType.Byte, [new byte[512]], new TestLayout { IsTiled = true });
        using var file = GeoTiff.Open(folder["a.tif"]);
        using var cache = new BlockCache(1 << 20);
        bool MustDecode(int column)
        {
            var block = cache.Claim(new BlockKey(file.Image, column, 0, 0), 256, 100, out var must);
            if (must) block.Done(isAbsent: false);
            cache.Release(block);
            return must;
        }
        Assert.Equal([true, false, true, false], new[] { MustDecode(0), MustDecode(0), MustDecode(1), MustDecode(1) });
        cache.Yield(toOthers: true);
        Assert.Equal([true, true, true], new[] { MustDecode(0), MustDecode(0), MustDecode(1) });
        cache.Yield(toOthers: false);
        Assert.Equal([true, false], new[] { MustDecode(0), MustDecode(0) });
    }

    [Fact]
    public void Pressure_is_read_as_the_kernel_writes_it()
    {
        Assert.Equal(12.5, FreeMemory.Stalled(["some avg10=12.50 avg60=0.00 avg300=0.00 total=1", "full avg10=99.00 avg60=0.00 avg300=0.00 total=1"]));
        Assert.Equal(0, FreeMemory.Stalled([]));
        Assert.False(FreeMemory.Now() < 0);
    }
}
