using CsCheck;

namespace Varve.Raster.Tests;

/// <summary>Bytes as blocks of rasters are made of.</summary>
internal static class BlockBytes
{
    /// <summary>Runs, copies of what came before, and noise.</summary>
    /// <param name="longest">Most bytes of one of them.</param>
    public static Gen<byte[]> Mixed(int longest) => Gen.Select(Gen.Int[0, 3], Gen.Int[1, longest], Gen.Byte, Gen.Int[1, 40_000]).Array[1, 60].Select(static parts =>
    {
        var all = new List<byte>();
        var random = new Random(parts.Length);
        foreach (var (kind, count, value, back) in parts)
            for (var i = 0; i < count; i++)
                all.Add(kind switch { 0 => value, 1 => (byte)random.Next(256), 2 when back <= all.Count => all[^back], _ => (byte)(value + random.Next(3)) });
        return all.ToArray();
    });
}
