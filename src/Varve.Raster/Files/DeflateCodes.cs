using System.Runtime.CompilerServices;

namespace Varve.Raster.Files;

/// <summary>
/// The codes of one of Deflate's blocks (RFC 1951, section 3.2): Huffman's, no longer than 15 bits, and how the block's
/// header tells them.
/// </summary>
internal sealed class DeflateCodes
{
    public const int Literals = 286, Distances = 30;
    private const int MostBits = 15, MostHeaderBits = 7, FirstLength = 257;
    private const int RepeatLast = 16, FewZeros = 17, ManyZeros = 18;

    /// <summary>The order in which a header tells the lengths of the codes for lengths.</summary>
    public static ReadOnlySpan<byte> LengthOrder => [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    private static readonly byte[] LengthMore = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
    private static readonly ushort[] LengthLeast = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
    private static readonly byte[] LengthCode = CodesOf(LengthLeast, 259);

    private readonly byte[] lengths = new byte[Literals + Distances];
    private readonly List<(byte Symbol, byte More)> told = [];
    private readonly ushort[] toldCodes = new ushort[LengthOrder.Length];
    private readonly byte[] toldBits = new byte[LengthOrder.Length];

    /// <summary>The bits of each code, the first to be written lowest.</summary>
    public ushort[] Literal { get; } = new ushort[Literals];
    public byte[] LiteralBits { get; } = new byte[Literals];
    public ushort[] Distance { get; } = new ushort[Distances];
    public byte[] DistanceBits { get; } = new byte[Distances];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int OfLength(int length) => FirstLength + LengthCode[length];
    public static int LeastOf(int code) => LengthLeast[code - FirstLength];
    public static int MoreOfLength(int code) => LengthMore[code - FirstLength];

    /// <summary>Codes of distances come in pairs, each pair spanning twice as far as the one before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int OfDistance(int distance)
    {
        if (distance <= 4) return distance - 1;
        var log = System.Numerics.BitOperations.Log2((uint)distance - 1);
        return 2 * log + ((distance - 1) >> (log - 1) & 1);
    }

    public static int MoreOfDistance(int code) => code < 4 ? 0 : code / 2 - 1;
    public static int NearestOf(int code) => code < 4 ? code + 1 : ((2 + (code & 1)) << MoreOfDistance(code)) + 1;

    private static byte[] CodesOf(ushort[] least, int end)
    {
        var codes = new byte[end];
        for (var value = 0; value < end; value++) codes[value] = (byte)Math.Max(0, Array.FindLastIndex(least, l => l <= value));
        return codes;
    }

    /// <summary>Makes the codes for symbols that occur so often.</summary>
    public void Make(ReadOnlySpan<int> literals, ReadOnlySpan<int> distances)
    {
        Lengths(literals, MostBits, LiteralBits);
        Lengths(distances, MostBits, DistanceBits);
        Assign(LiteralBits, Literal);
        Assign(DistanceBits, Distance);
    }

    /// <summary>The header, as bits and how many they are.</summary>
    public IEnumerable<(uint Bits, int Count)> Header()
    {
        var (literals, distances) = (Used(LiteralBits, FirstLength), Used(DistanceBits, 1));
        LiteralBits.AsSpan(0, literals).CopyTo(lengths);
        DistanceBits.AsSpan(0, distances).CopyTo(lengths.AsSpan(literals));
        Tell(lengths.AsSpan(0, literals + distances));
        var counts = new int[LengthOrder.Length];
        foreach (var (symbol, _) in told) counts[symbol]++;
        Lengths(counts, MostHeaderBits, toldBits);
        Assign(toldBits, toldCodes);
        var kept = LengthOrder.Length;
        while (kept > 4 && toldBits[LengthOrder[kept - 1]] == 0) kept--;
        yield return ((uint)(literals - FirstLength), 5);
        yield return ((uint)(distances - 1), 5);
        yield return ((uint)(kept - 4), 4);
        for (var i = 0; i < kept; i++) yield return (toldBits[LengthOrder[i]], 3);
        foreach (var (symbol, more) in told)
        {
            yield return (toldCodes[symbol], toldBits[symbol]);
            if (symbol >= RepeatLast) yield return (more, symbol switch { RepeatLast => 2, FewZeros => 3, _ => 7 });
        }
    }

    private static int Used(byte[] bits, int least) => Math.Max(least, Array.FindLastIndex(bits, static b => b != 0) + 1);

    /// <summary>Lengths of codes, runs of them as one.</summary>
    private void Tell(ReadOnlySpan<byte> all)
    {
        told.Clear();
        for (var i = 0; i < all.Length;)
        {
            var run = 1;
            while (i + run < all.Length && all[i + run] == all[i]) run++;
            if (all[i] == 0 && run >= 3)
            {
                var zeros = Math.Min(run, 138);
                told.Add(zeros <= 10 ? ((byte)FewZeros, (byte)(zeros - 3)) : ((byte)ManyZeros, (byte)(zeros - 11)));
                i += zeros;
            }
            else if (i > 0 && all[i] == all[i - 1] && run >= 3)
            {
                var again = Math.Min(run, 6);
                told.Add((RepeatLast, (byte)(again - 3)));
                i += again;
            }
            else
            {
                told.Add((all[i++], 0));
            }
        }
    }

    /// <summary>
    /// Huffman's code lengths; those too long are made shorter as JPEG does it (ITU-T T.81, K.2): two of the longest give up
    /// their place, one moves up, and a shorter code makes room for two.
    /// </summary>
    private static void Lengths(ReadOnlySpan<int> counts, int most, byte[] into)
    {
        Array.Clear(into);
        var order = new List<int>();
        for (var i = 0; i < counts.Length; i++)
            if (counts[i] > 0) order.Add(i);
        if (order.Count <= 1)
        {
            // A code of no bits cannot be told: one that is used, or none at all, gets one bit.
            into[order.Count == 1 ? order[0] : 0] = 1;
            return;
        }
        var occurs = counts.ToArray();
        order.Sort((a, b) => occurs[a] != occurs[b] ? occurs[a].CompareTo(occurs[b]) : a.CompareTo(b));
        var depths = Depths(order.ConvertAll(symbol => (long)occurs[symbol]));
        var numbers = new int[Math.Max(depths.Max(), most) + 1];
        foreach (var depth in depths) numbers[depth]++;
        for (var longest = numbers.Length - 1; longest > most; longest--)
        {
            while (numbers[longest] > 0)
            {
                var shorter = longest - 2;
                while (numbers[shorter] == 0) shorter--;
                numbers[longest] -= 2;
                numbers[longest - 1]++;
                numbers[shorter + 1] += 2;
                numbers[shorter]--;
            }
        }
        // The rarest take the longest.
        var next = 0;
        for (var length = most; length > 0; length--)
            for (var n = 0; n < numbers[length]; n++) into[order[next++]] = (byte)length;
    }

    /// <summary>How deep each leaf lies, of leaves in the order of their weights: the two lightest are joined again and again.</summary>
    private static int[] Depths(List<long> weights)
    {
        var (leaves, joined) = (weights.Count, weights.Count - 1);
        var all = new long[leaves + joined];
        var parents = new int[leaves + joined];
        weights.CopyTo(all);
        var (leaf, tree) = (0, leaves);
        for (var made = leaves; made < all.Length; made++)
        {
            for (var child = 0; child < 2; child++)
            {
                var lightest = leaf < leaves && (tree >= made || all[leaf] <= all[tree]) ? leaf++ : tree++;
                all[made] += all[lightest];
                parents[lightest] = made;
            }
        }
        var depths = new int[all.Length];
        for (var i = all.Length - 2; i >= 0; i--) depths[i] = depths[parents[i]] + 1;
        return depths[..leaves];
    }

    /// <summary>Codes of one length follow each other, the shorter first (RFC 1951, 3.2.2), and are written from their highest bit.</summary>
    private static void Assign(byte[] bits, ushort[] into)
    {
        var code = 0;
        for (var length = 1; length <= MostBits; length++)
        {
            for (var symbol = 0; symbol < bits.Length; symbol++)
            {
                if (bits[symbol] != length) continue;
                var (turned, left) = (0, code++);
                for (var bit = 0; bit < length; bit++, left >>= 1) turned = turned << 1 | left & 1;
                into[symbol] = (ushort)turned;
            }
            code <<= 1;
        }
    }
}
