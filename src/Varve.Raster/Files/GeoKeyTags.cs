using System.Text;

namespace Varve.Raster.Files;

/// <summary>The three tags that hold the keys of a projection (OGC 19-008r4, section 7.1).</summary>
internal static class GeoKeyTags
{
    private const int MostKeys = 1024;

    public static Dictionary<int, GeoKey> Read(TiffFile file, Dictionary<int, TiffEntry> tags)
    {
        var keys = new Dictionary<int, GeoKey>();
        if (!tags.TryGetValue(TiffTags.GeoKeys, out var entry) || entry.Count < 4) return keys;
        var list = file.Values(entry, MostKeys * 4);
        var reals = tags.TryGetValue(TiffTags.GeoReals, out var realEntry) ? file.Reals(realEntry) : [];
        var texts = tags.TryGetValue(TiffTags.GeoTexts, out var textEntry) ? file.Text(textEntry) : "";
        for (var i = 4; i + 3 < list.Length && i / 4 <= list[3]; i += 4)
        {
            var (count, at) = ((int)list[i + 2], (int)list[i + 3]);
            keys[(int)list[i]] = list[i + 1] switch
            {
                0 => new GeoKey(at),
                TiffTags.GeoReals when at + count <= reals.Length => new GeoKey(null, reals[at..(at + count)]),
                TiffTags.GeoTexts when at + count <= texts.Length => new GeoKey(null, null, texts.Substring(at, count).TrimEnd('|', '\0')),
                TiffTags.GeoTexts when at < texts.Length => new GeoKey(null, null, texts[at..].TrimEnd('|', '\0')),
                _ => throw file.Damaged("a key of its projection points nowhere"),
            };
        }
        return keys;
    }

    /// <summary>The contents of the three tags; empty arrays when there is nothing to say.</summary>
    public static (ushort[] List, double[] Reals, byte[] Texts) Write(Projection projection)
    {
        if (projection.IsNone) return ([], [], []);
        var (list, reals, texts) = (new List<ushort>(), new List<double>(), new StringBuilder());
        // A place is a pixel's corner, always.
        var keys = projection.Keys.Append(new KeyValuePair<int, GeoKey>(1025, new GeoKey(1))).OrderBy(static k => k.Key).ToList();
        list.AddRange([1, 1, 0, (ushort)keys.Count]);
        foreach (var (key, value) in keys)
        {
            if (value.Number is { } number)
            {
                list.AddRange([(ushort)key, 0, 1, (ushort)number]);
            }
            else if (value.Reals is { } values)
            {
                list.AddRange([(ushort)key, TiffTags.GeoReals, (ushort)values.Length, (ushort)reals.Count]);
                reals.AddRange(values);
            }
            else
            {
                var text = (value.Text ?? "") + "|";
                list.AddRange([(ushort)key, TiffTags.GeoTexts, (ushort)Encoding.UTF8.GetByteCount(text), (ushort)Encoding.UTF8.GetByteCount(texts.ToString())]);
                texts.Append(text);
            }
        }
        return ([.. list], [.. reals], texts.Length == 0 ? [] : [.. Encoding.UTF8.GetBytes(texts.ToString()), 0]);
    }
}
