using CsCheck;
using Varve.Snapshots.Repository;
using Xunit;

namespace Varve.Snapshots.Tests.Repository;

public sealed class ChunkerTests
{
    private static readonly ChunkSizes Sizes = new(256, 1024, 4096);
    private static readonly ulong[] Gear = new Secrets(new byte[32]).Gear;

    private static List<byte[]> Cut(byte[] stream, int step)
    {
        var chunker = new Chunker(Gear, Sizes);
        var pieces = new List<byte[]>();
        var (start, end) = (0, 0);
        while (start < stream.Length)
        {
            end = Math.Min(stream.Length, Math.Max(end, start) + step);
            var length = chunker.Cut(stream.AsSpan(start, end - start));
            if (length < 0 && end < stream.Length) continue;
            if (length < 0) length = stream.Length - start;
            pieces.Add(stream[start..(start + length)]);
            start += length;
        }
        return pieces;
    }

    [Fact]
    public void The_pieces_are_the_stream_and_do_not_depend_on_how_it_is_read()
    {
        Gen.Select(Gen.Int[0, 30_000], Gen.Int[0, 1000], Gen.Int[1, 5000]).Sample((length, seed, step) =>
        {
            var stream = Place.Noise(length, seed);
            var pieces = Cut(stream, step);
            Assert.Equal(stream, pieces.SelectMany(static p => p));
            Assert.All(pieces.SkipLast(1), static p => Assert.InRange(p.Length, Sizes.Smallest, Sizes.Largest));
            Assert.Equal(pieces.Select(static p => p.Length), Cut(stream, int.MaxValue / 2).Select(static p => p.Length));
        }, iter: 200);
    }

    [Fact]
    public void A_change_costs_the_pieces_around_it()
    {
        Gen.Select(Gen.Int[0, 1000], Gen.Int[0, 99_999]).Sample((seed, at) =>
        {
            var stream = Place.Noise(100_000, seed);
            var before = Cut(stream, 100_000).Select(Convert.ToHexString).ToHashSet();
            byte[] changed = [.. stream.AsSpan(0, at), 1, 2, 3, .. stream.AsSpan(at)];
            Assert.InRange(Cut(changed, 100_000).Count(p => !before.Contains(Convert.ToHexString(p))), 1, 8);
        }, iter: 50);
    }

    [Fact]
    public void Pieces_are_cut_elsewhere_under_another_secret()
    {
        var stream = Place.Noise(50_000, 3);
        var other = new Chunker(new Secrets(Place.Noise(32, 1)).Gear, Sizes);
        Assert.NotEqual(Cut(stream, 50_000)[0].Length, other.Cut(stream));
    }
}
