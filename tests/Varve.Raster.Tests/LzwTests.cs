using CsCheck;
using Varve.Raster.Files;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>LZW against one that follows the specification to the letter, on what packers write and on what nobody should.</summary>
public sealed class LzwTests
{
    private const int Clear = 256, End = 257, First = 258, Most = 4096;

    private static readonly Gen<byte[]> Blocks = BlockBytes.Mixed(900);

    /// <summary>Strings as lists of bytes, bits one by one; null when a code stands for nothing.</summary>
    private static byte[]? Naive(byte[] source, int size)
    {
        var written = new List<byte>();
        var table = new List<byte[]>();
        byte[]? previous = null;
        for (long bit = 0; written.Count < size;)
        {
            var width = table.Count + First >= 2047 ? 12 : table.Count + First >= 1023 ? 11 : table.Count + First >= 511 ? 10 : 9;
            if (bit + width > 8L * source.Length) break;
            var code = 0;
            for (var i = 0; i < width; i++, bit++) code = code << 1 | (source[bit >> 3] >> (int)(7 - (bit & 7)) & 1);
            if (code == End) break;
            if (code == Clear)
            {
                table.Clear();
                previous = null;
                continue;
            }
            var mayAdd = previous is not null && table.Count + First < Most;
            byte[] text;
            if (code < Clear) text = [(byte)code];
            else if (code - First < table.Count) text = table[code - First];
            else if (code - First == table.Count && mayAdd) text = [.. previous!, previous![0]];
            else return null;
            if (mayAdd) table.Add([.. previous!, text[0]]);
            written.AddRange(text);
            previous = text;
        }
        return [.. written.Take(size)];
    }

    /// <summary>Codes as bytes, each of the width its reader expects.</summary>
    private static byte[] Stream(IEnumerable<int> codes)
    {
        var (bytes, held, bits, entries, isFirst) = (new List<byte>(), 0u, 0, First, true);
        foreach (var code in codes)
        {
            var width = entries >= 2047 ? 12 : entries >= 1023 ? 11 : entries >= 511 ? 10 : 9;
            (held, bits) = (held << width | (uint)(code & ((1 << width) - 1)), bits + width);
            for (; bits >= 8; bits -= 8) bytes.Add((byte)(held >> (bits - 8)));
            if (code == Clear) (entries, isFirst) = (First, true);
            else if (isFirst) isFirst = false;
            else if (entries < Most) entries++;
        }
        if (bits > 0) bytes.Add((byte)(held << (8 - bits)));
        return [.. bytes];
    }

    /// <summary>Unpacks into a part of a larger array, beside which nothing may be written, and compares.</summary>
    private static void MustBeAsNaive(byte[] source, int size)
    {
        const byte Guard = 0xA5;
        const int Beside = 64;
        var all = new byte[size + 2 * Beside];
        Array.Fill(all, Guard);
        var count = Lzw.Unpack(source, all.AsSpan(Beside, size));
        if (Naive(source, size) is { } expected)
        {
            Assert.Equal(expected.Length, count);
            Assert.Equal(expected, all[Beside..(Beside + expected.Length)]);
        }
        else
        {
            Assert.Equal(-1, count);
        }
        Assert.All(all[..Beside], static b => Assert.Equal(Guard, b));
        Assert.All(all[(Beside + size)..], static b => Assert.Equal(Guard, b));
    }

    [Fact]
    public void What_was_packed_is_unpacked_whole_in_part_and_cut_off() =>
        Gen.Select(Blocks, Gen.Int[0, 1 << 20]).Sample(static (bytes, place) =>
        {
            var packed = new byte[bytes.Length * 2 + 100];
            packed = packed[..Lzw.Pack(bytes, packed, new LzwTable())];
            var target = new byte[bytes.Length];
            Assert.Equal(bytes.Length, Lzw.Unpack(packed, target));
            Assert.Equal(bytes, target);
            MustBeAsNaive(packed, place % bytes.Length);
            MustBeAsNaive(packed, bytes.Length + place % 100);
            MustBeAsNaive(packed[..(place % packed.Length)], bytes.Length);
        }, iter: 200);

    [Fact]
    public void A_changed_byte_gives_what_the_specification_gives() =>
        Gen.Select(Blocks, Gen.Int[0, 1 << 20], Gen.Int[1, 255]).Sample(static (bytes, place, change) =>
        {
            var packed = new byte[bytes.Length * 2 + 100];
            packed = packed[..Lzw.Pack(bytes, packed, new LzwTable())];
            packed[place % packed.Length] ^= (byte)change;
            MustBeAsNaive(packed, bytes.Length);
        }, iter: 300);

    [Fact]
    public void Noise_gives_what_the_specification_gives() =>
        Gen.Select(Gen.Byte.Array[0, 9000], Gen.Int[0, 30_000]).Sample(static (noise, size) =>
        {
            MustBeAsNaive(noise, size);
            // Behind a first code, so that more of it is read.
            if (noise.Length > 1) (noise[0], noise[1]) = (0x80, (byte)(noise[1] & 0x3F));
            MustBeAsNaive(noise, size);
        }, iter: 300);

    /// <summary>What a packer could not write, or seldom does: the code that is only now completed again and again, a table that is never emptied, or always.</summary>
    [Fact]
    public void Streams_of_odd_codes_give_what_the_specification_gives() =>
        Gen.Select(Gen.Select(Gen.Int[0, 7], Gen.Int[0, 4095]).Array[1, 6000], Gen.Int[0, 120_000], Gen.Int[0, 40]).Sample(static (choices, size, oddness) =>
        {
            var codes = new List<int> { Clear };
            var (entries, isFirst) = (First, true);
            foreach (var (kind, number) in choices)
            {
                var code = (kind, number) switch
                {
                    (_, _) when isFirst => number % 256,
                    (0, < 3) => Clear,
                    (0, < 4) when oddness > 30 => number % 2 == 0 ? End : Math.Min(entries + 1, Most - 1),
                    (1 or 2, _) when entries < Most => entries,
                    (3 or 4, _) => number % 256,
                    _ when entries > First => First + number % (entries - First),
                    _ => number % 256,
                };
                codes.Add(code);
                if (code == Clear) (entries, isFirst) = (First, true);
                else if (isFirst) isFirst = false;
                else if (entries < Most) entries++;
            }
            MustBeAsNaive(Stream(codes), size);
        }, iter: 200);

    [Fact]
    public void The_string_that_its_own_code_completes_ends_as_it_begins()
    {
        // One byte, then ever the code that is next: strings of 1, 2, 3, ... bytes, alike and, behind another byte, not alike.
        int[] runs = [Clear, 7, .. Enumerable.Range(First, 300)];
        MustBeAsNaive(Stream(runs), 302 * 301 / 2);
        MustBeAsNaive(Stream(runs), 302 * 301 / 2 - 5);
        int[] pairs = [Clear, 1, 2, First, .. Enumerable.Range(First + 2, 250)];
        MustBeAsNaive(Stream(pairs), 40_000);
    }

    [Theory, InlineData(511), InlineData(1023), InlineData(2047), InlineData(4096), InlineData(5000)]
    public void Codes_grow_one_entry_early_and_no_further_than_twelve_bits(int entries)
    {
        var random = new Random(entries);
        int[] codes = [Clear, .. Enumerable.Range(0, entries - First + 20).Select(_ => random.Next(256)), 300, Clear, 65, End, 66];
        MustBeAsNaive(Stream(codes), entries + 40);
    }

    [Theory, InlineData(First), InlineData(First + 1), InlineData(Most / 8 - 1)]
    public void A_code_that_stands_for_nothing_is_told(int code)
    {
        Assert.Equal(-1, Lzw.Unpack(Stream([Clear, code, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), new byte[64]));
        Assert.Equal(code == First ? 14 : -1, Lzw.Unpack(Stream([Clear, 5, code, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), new byte[64]));
    }

    [Fact]
    public void Nothing_gives_nothing()
    {
        MustBeAsNaive([], 10);
        MustBeAsNaive([0x80], 10);
        MustBeAsNaive([0x80, 0x40], 10);
        MustBeAsNaive(Stream([Clear, End]), 10);
        MustBeAsNaive(Stream([Clear, 1, 2, 3]), 0);
    }
}
