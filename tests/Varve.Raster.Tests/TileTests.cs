using CsCheck;
using Varve.Raster.Files;
using Varve.Raster.Graph;
using Varve.Raster.Grids;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Many files as one layer.</summary>
public sealed class TileTests
{
    private static readonly Projection Utm = Projection.OfEpsg(32612);

    [Fact]
    public void The_pieces_on_a_window_are_found_in_their_order() =>
        Gen.Select(Gen.Int[1, 60], Gen.Int, Gen.Int[1, 500]).Sample((count, seed, largest) =>
        {
            using var folder = new TemporaryFolder();
            var random = new Random(seed);
            Window Some(int side) => new(random.Next(300), random.Next(300), random.Next(1, side + 1), random.Next(1, side + 1));
            List<Piece> pieces = [.. Enumerable.Range(0, count).Select(_ => new Piece(null!, 0, Some(largest)))];
            var index = new PieceIndex(pieces);
            for (var i = 0; i < 20; i++)
            {
                var window = Some(200);
                List<Piece> expected = [.. pieces.Where(p => !p.Place.And(window).IsEmpty)];
                Assert.Equal(expected, index.On(window).Where(p => !p.Place.And(window).IsEmpty), ReferenceEqualityComparer.Instance);
            }
        });

    [Fact]
    public void Files_that_nobody_reads_are_closed_when_many_are_open_and_read_again_as_they_were()
    {
        using var folder = new TemporaryFolder();
        var files = new List<string>();
        for (var i = 0; i < 3 * OpenFile.MostIdle; i++)
        {
            files.Add(folder[$"{i}.tif"]);
            Raster.FromArray<byte>([(byte)(1 + i % 9)], PixelType.Byte, new Grid(i, 0, 1, -1, 1, 1, Utm)).Write(files[^1]);
        }
        var tiles = Raster.Open(files);
        Assert.InRange(new DirectoryInfo("/proc/self/fd").GetFiles().Count(f => f.LinkTarget?.StartsWith(folder[""], StringComparison.Ordinal) == true), 0, OpenFile.MostIdle + 1);
        Assert.Equal(files.Select(static (_, i) => 1.0 + i % 9).Sum(), tiles.Sum(new Limits { Threads = 3, ChunkPixels = 16 }));
        // The first was closed long ago; another file of its name is not it.
        File.WriteAllBytes(files[0], [.. File.ReadAllBytes(files[0]), 0]);
        Assert.Contains("changed while it was read", Assert.Throws<RasterException>(() => tiles.Sum()).Message, StringComparison.Ordinal);
    }
}
