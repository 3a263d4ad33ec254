using System.Buffers.Binary;

namespace Varve.Raster.Files;

/// <summary>
/// Puts an image and its overviews, each in a file of its own, together as a Cloud Optimized GeoTIFF: all directories at
/// the head, then the tiles, those of the smallest overview first. Tiles are copied as they are.
/// </summary>
internal static class CogAssembly
{
    private const int CopyBytes = 1 << 20;

    /// <param name="path">The file to make; it appears there when it is whole.</param>
    /// <param name="levels">The image, then its overviews, by size.</param>
    /// <param name="layouts">How each was written.</param>
    /// <exception cref="RasterException">The disk is full.</exception>
    public static void Write(string path, IReadOnlyList<GeoTiff> levels, IReadOnlyList<TiffLayout> layouts)
    {
        var dataBytes = levels.Sum(static l => l.Bytes);
        var isBig = layouts[0].BigTiff == true || layouts[0].BigTiff is null && dataBytes + (64L << 20) > uint.MaxValue;
        var places = levels.Select(static l => Tiles(l.Image)).ToList();
        var headBytes = isBig ? 16L : 8;
        // Twice: what stands in the directories does not change their length.
        var offsets = places.Select(static p => new long[p.Length]).ToList();
        var heads = Heads(layouts, places, offsets, headBytes, isBig);
        var at = headBytes + heads.Sum(static h => (long)h.Length);
        for (var level = levels.Count - 1; level >= 0; level--)
            for (var tile = 0; tile < places[level].Length; tile++)
            {
                if (places[level][tile].Bytes == 0) continue;
                offsets[level][tile] = at;
                at += places[level][tile].Bytes + (places[level][tile].Bytes & 1);
            }
        heads = Heads(layouts, places, offsets, headBytes, isBig);
        var full = Path.GetFullPath(path);
        var temporary = PartialFile.For(path);
        try
        {
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.Read, CopyBytes))
            {
                file.Write(Header(isBig, headBytes));
                foreach (var head in heads) file.Write(head);
                var buffer = new byte[CopyBytes];
                for (var level = levels.Count - 1; level >= 0; level--)
                    for (var tile = 0; tile < places[level].Length; tile++) Copy(levels[level].Image.File, places[level][tile], file, ref buffer);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RasterException($"{path}: it could not be written, and nothing of it was kept: {e.Message}", e);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void Copy(TiffFile from, (long Offset, long Bytes) place, FileStream into, ref byte[] buffer)
    {
        if (place.Bytes == 0) return;
        if (buffer.Length < place.Bytes) buffer = new byte[place.Bytes];
        from.ReadExactly(buffer.AsSpan(0, (int)place.Bytes), place.Offset);
        into.Write(buffer, 0, (int)place.Bytes);
        if ((place.Bytes & 1) != 0) into.WriteByte(0);
    }

    private static (long Offset, long Bytes)[] Tiles(TiffImage image)
    {
        var tiles = new List<(long, long)>();
        for (var band = 0; band < (image.IsPlanar ? image.Bands : 1); band++)
            for (var row = 0L; row < image.Down; row++)
                for (var column = 0L; column < image.Across; column++) tiles.Add(image.Place(column, row, band));
        return [.. tiles];
    }

    private static List<byte[]> Heads(IReadOnlyList<TiffLayout> layouts, List<(long Offset, long Bytes)[]> places, List<long[]> offsets, long start, bool isBig)
    {
        var heads = new List<byte[]>();
        for (var level = 0; level < layouts.Count; level++)
        {
            var directory = new TiffDirectory(isBig);
            TiffDescription.Of(layouts[level], directory, offsets[level], Array.ConvertAll(places[level], static p => p.Bytes), isReduced: level > 0);
            var length = Even(directory.Build(start).Length);
            var head = new byte[length];
            directory.Build(start, level + 1 < layouts.Count ? start + length : 0).CopyTo(head, 0);
            heads.Add(head);
            start += length;
        }
        return heads;
    }

    private static int Even(int length) => (length + 15) & ~15;

    private static byte[] Header(bool isBig, long start)
    {
        var head = new byte[isBig ? 16 : 8];
        "II"u8.CopyTo(head);
        if (isBig)
        {
            (head[2], head[4]) = (43, 8);
            BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(8), start);
        }
        else
        {
            head[2] = 42;
            BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(4), (uint)start);
        }
        return head;
    }
}
