using System.IO.Compression;
using System.Text;
using CsCheck;
using Varve.Raster.Files;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>What unpacks blocks, against the runtime's own, and against damage.</summary>
public sealed class PackingTests
{
    private static readonly Gen<byte[]> Blocks = BlockBytes.Mixed(600);

    private static byte[] Zlib(byte[] bytes, int level, ZLibCompressionStrategy strategy)
    {
        using var stream = new MemoryStream();
        using (var zlib = new ZLibStream(stream, new ZLibCompressionOptions { CompressionLevel = level, CompressionStrategy = strategy }, leaveOpen: true)) zlib.Write(bytes);
        return stream.ToArray();
    }

    [Fact]
    public void Inflating_gives_what_was_deflated_at_any_level_and_by_any_strategy() =>
        Gen.Select(Blocks, Gen.Int[0, 9], Gen.Enum<ZLibCompressionStrategy>()).Sample((bytes, level, strategy) =>
        {
            using var inflate = new Inflate();
            var packed = Zlib(bytes, level, strategy);
            var target = new byte[bytes.Length];
            Assert.Equal(bytes.Length, inflate.Unpack(packed, target));
            Assert.Equal(bytes, target);
            var larger = new byte[bytes.Length + 100];
            Assert.Equal(bytes.Length, inflate.Unpack(packed, larger));
            var smaller = new byte[bytes.Length / 2];
            Assert.Equal(smaller.Length, inflate.Unpack(packed, smaller));
            Assert.Equal(bytes[..smaller.Length], smaller);
        }, iter: 300);

    [Theory, InlineData(1), InlineData(2), InlineData(4), InlineData(8)]
    public void Runs_of_numbers_packed_are_unpacked_by_the_runtime_and_by_our_own(int size)
    {
        var runs = new RunDeflate();
        using var inflate = new Inflate();
        void Same(byte[] bytes)
        {
            var packed = runs.Pack(bytes, size).ToArray();
            var target = new byte[bytes.Length];
            Assert.Equal(bytes.Length, inflate.Unpack(packed, target));
            Assert.Equal(bytes, target);
            using var zlib = new ZLibStream(new MemoryStream(packed), CompressionMode.Decompress);
            zlib.ReadExactly(target);
            Assert.Equal(bytes, target);
            Assert.Equal(-1, zlib.ReadByte());
        }
        Blocks.Sample(bytes => Same(bytes[..(bytes.Length / size * size)]), iter: 300, threads: 1);
        Same([]);
        Same(new byte[size]);
        // Longer than a block of symbols, with nothing alike, and as one run.
        var noise = new byte[size << 17];
        new Random(size).NextBytes(noise);
        Same(noise);
        Same(new byte[size << 17]);
    }

    [Fact]
    public void No_code_is_longer_than_fifteen_bits_however_uneven_the_bytes_are()
    {
        // As often as Fibonacci's numbers say, so that Huffman's own codes would be as long as there are values.
        var (bytes, a, b) = (new List<byte>(), 1, 1);
        for (var value = 0; value < 22; value++, (a, b) = (b, a + b)) bytes.AddRange(Enumerable.Repeat((byte)value, a));
        var codes = new DeflateCodes();
        var counts = new int[DeflateCodes.Literals];
        foreach (var one in bytes) counts[one]++;
        codes.Make(counts, new int[DeflateCodes.Distances]);
        Assert.InRange(codes.LiteralBits.Max(), 1, 15);
        Assert.Equal(1.0, codes.LiteralBits.Where(static l => l > 0).Sum(static l => Math.Pow(2, -l)));
        // Alternating, so that runs are no help and every byte is a symbol.
        var mixed = bytes.OrderBy(static value => value * 2654435761L % 97).ToArray();
        var packed = new RunDeflate().Pack(mixed, 1).ToArray();
        using var inflate = new Inflate();
        var target = new byte[mixed.Length];
        Assert.Equal(mixed.Length, inflate.Unpack(packed, target));
        Assert.Equal(mixed, target);
    }

    [Fact]
    public void Damaged_bytes_are_found_or_give_what_the_runtime_gives() =>
        Gen.Select(Blocks, Gen.Int[1, 9], Gen.Int[0, 1 << 20], Gen.Int[1, 255], Gen.Bool).Sample((bytes, level, place, change, isCut) =>
        {
            var packed = Zlib(bytes, level, ZLibCompressionStrategy.Default);
            place %= packed.Length;
            if (isCut) packed = packed[..place];
            else packed[place] ^= (byte)change;
            using var inflate = new Inflate();
            var target = new byte[bytes.Length];
            int count;
            try
            {
                count = inflate.Unpack(packed, target);
            }
            catch (InvalidDataException)
            {
                return;
            }
            // Only what lies behind the last byte that fits may be damaged and not be found.
            var expected = new byte[bytes.Length];
            using var zlib = new ZLibStream(new MemoryStream(packed), CompressionMode.Decompress);
            var got = 0;
            try
            {
                got = zlib.ReadAtLeast(expected, expected.Length, throwOnEndOfStream: false);
            }
            catch (InvalidDataException)
            {
                return;
            }
            Assert.True(count == got || isCut, $"{count} bytes, {got} expected");
            Assert.Equal(expected[..Math.Min(count, got)], target[..Math.Min(count, got)]);
        }, iter: 2000);

    [Fact]
    public void Differences_are_what_the_specification_says_and_sums_undo_them() =>
        Gen.Select(Blocks, Gen.Int[0, 3], Gen.Int[1, 4], Gen.Int[1, 70]).Sample((bytes, bitsOfSize, step, width) =>
        {
            var size = 1 << bitsOfSize;
            var rowBytes = Math.Min(width * step, bytes.Length / size) * size;
            if (rowBytes == 0) return;
            var block = bytes[..(bytes.Length / rowBytes * rowBytes)];
            ulong Number(byte[] from, int at) => Enumerable.Range(0, size).Aggregate(0UL, (all, b) => all | (ulong)from[at * size + b] << 8 * b);
            var expected = new byte[block.Length];
            for (var at = 0; at < block.Length / size; at++)
            {
                var difference = Number(block, at) - (at % (rowBytes / size) < step ? 0 : Number(block, at - step));
                for (var b = 0; b < size; b++) expected[at * size + b] = (byte)(difference >> 8 * b);
            }
            var work = block.ToArray();
            Predictors.Difference(work, rowBytes, size, step);
            Assert.Equal(expected, work);
            Predictors.Sum(work, rowBytes, size, step);
            Assert.Equal(block, work);
        }, iter: 300);

    [Fact]
    public void Bytes_of_real_numbers_are_laid_together_the_heaviest_first_and_put_back() =>
        Gen.Select(Blocks, Gen.Int[2, 3], Gen.Int[1, 3], Gen.Int[1, 70]).Sample((bytes, bitsOfSize, step, width) =>
        {
            var size = 1 << bitsOfSize;
            var rowBytes = Math.Min(width * step, bytes.Length / size) * size;
            if (rowBytes == 0) return;
            var block = bytes[..(bytes.Length / rowBytes * rowBytes)];
            var expected = new byte[block.Length];
            for (var start = 0; start < block.Length; start += rowBytes)
            {
                var planes = Enumerable.Range(0, size).SelectMany(plane => Enumerable.Range(0, rowBytes / size).Select(n => block[start + n * size + size - 1 - plane])).ToArray();
                for (var i = 0; i < rowBytes; i++) expected[start + i] = (byte)(planes[i] - (i < step ? 0 : planes[i - step]));
            }
            var work = block.ToArray();
            Predictors.Scatter(work, rowBytes, size, step, new byte[rowBytes]);
            Assert.Equal(expected, work);
            Predictors.Gather(work, rowBytes, size, step, new byte[rowBytes]);
            Assert.Equal(block, work);
        }, iter: 300);

    [Fact]
    public void The_checksum_is_adlers()
    {
        Assert.Equal(1u, Adler32.Of([]));
        Assert.Equal(0x11E60398u, Adler32.Of(Encoding.ASCII.GetBytes("Wikipedia")));
        Blocks.Sample(static bytes =>
        {
            var (a, b) = (1u, 0u);
            foreach (var one in bytes) b = (b + (a = (a + one) % 65521)) % 65521;
            Assert.Equal(b << 16 | a, Adler32.Of(bytes));
        }, iter: 300);
        Assert.Equal(Naive(1 << 20), Adler32.Of(Enumerable.Repeat((byte)255, 1 << 20).ToArray()));

        static uint Naive(int count)
        {
            var (a, b) = (1u, 0u);
            for (var i = 0; i < count; i++) b = (b + (a = (a + 255) % 65521)) % 65521;
            return b << 16 | a;
        }
    }
}
