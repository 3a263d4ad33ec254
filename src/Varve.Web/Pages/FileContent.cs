using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Varve.Lineage;
using Varve.Web.Http;
using Varve.Web.Raster;

namespace Varve.Web.Pages;

/// <summary>What a file holds, shown as what it is; never more of it than a page can bear.</summary>
internal static class FileContent
{
    private const int Start = 4096, MostText = 256 << 10, MostTable = 1 << 20, MostRows = 500, FewRows = 8, MostColumns = 60, DumpBytes = 256;
    private const long LargestPicture = 64L << 20, LargestVector = 32L << 20;

    /// <param name="query">Names the version, if it is not the file as it is now.</param>
    /// <param name="whole">Whether it is the page's subject, or shown in passing.</param>
    public static Markup Of(Site site, string relative, string query, SafeFileHandle file, long bytes, bool whole)
    {
        var name = relative[(relative.LastIndexOf('/') + 1)..];
        var address = Address.OfPath(relative) + query;
        var start = Read(file, Start, bytes);
        if (bytes == 0) return Markup.Of($"<p class=\"soft\">The file is empty.</p>");
        switch (FileKinds.Of(name, start))
        {
            case FileView.Picture when bytes <= LargestPicture:
                return Markup.Of($"<figure class=\"picture\"><a href=\"/raw/{address}\"><img src=\"/raw/{address}\" alt=\"{name}\" loading=\"lazy\"></a></figure>");
            case FileView.Picture:
                return Markup.Of($"<p class=\"note\">A picture of {Words.Size(bytes)} is too large to show here.</p>");
            case FileView.Raster:
                return OfRaster(file, bytes, address, whole);
            case FileView.Vector when bytes <= LargestVector:
                return Viewer("vector", "/raw/" + address, whole);
            case FileView.Table:
                return OfTable(Read(file, MostTable, bytes), bytes > MostTable, name.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase) ? '\t' : ',', whole ? MostRows : FewRows);
            case FileView.Text or FileView.Vector:
                var text = Encoding.UTF8.GetString(Read(file, whole ? MostText : Start, bytes));
                var more = bytes > (whole ? MostText : Start) ? Markup.Of($"<p class=\"soft\">These are its first {Words.Size(whole ? MostText : Start)}.</p>") : Markup.None;
                return Markup.Of($"<pre class=\"text\" tabindex=\"0\">{text}</pre>{more}");
            default:
                return whole ? Markup.Of($"<p class=\"soft\">Bytes that are no text; the first {Math.Min(bytes, DumpBytes)}:</p><pre class=\"text\" tabindex=\"0\">{Dump(start.AsSpan(0, Math.Min(start.Length, DumpBytes)))}</pre>") : Markup.None;
        }
    }

    private static Markup OfRaster(SafeFileHandle file, long bytes, string address, bool whole)
    {
        GeoTiff tiff;
        try
        {
            tiff = GeoTiff.Read(file, bytes);
        }
        catch (InvalidDataException e)
        {
            return Markup.Of($"<p class=\"note\">This GeoTIFF cannot be drawn here: {e.Message}. <code>gdalinfo</code> tells more of it.</p>");
        }
        var facts = Frame.Facts(
            ("Raster", Frame.Plain(string.Create(CultureInfo.InvariantCulture, $"{tiff.Width:#,0} × {tiff.Height:#,0} cells, {(tiff.Bands == 1 ? "1 band" : $"{tiff.Bands} bands")} of {tiff.TypeName}"))),
            ("Layout", Frame.Plain(tiff.LayoutName)),
            ("Projection", tiff.Projection.Length > 0 ? Frame.Plain(tiff.Projection) : Markup.Of($"<span class=\"soft\">none in the file: places are cells</span>")),
            ("Cell", tiff.Place is { } place ? Frame.Plain(string.Create(CultureInfo.InvariantCulture, $"{place.CellX:0.########} × {place.CellY:0.########}")) : Markup.None),
            ("No data", tiff.NoData is { } none ? Frame.Plain(none.ToString(CultureInfo.InvariantCulture)) : Markup.None));
        var problem = tiff.WhyNotReadable();
        return problem.Length > 0
            ? Markup.Of($"<p class=\"note\">This GeoTIFF cannot be drawn here: {problem}.</p>{facts}")
            : Markup.Of($"{Viewer("raster", "/map/" + address, whole)}{(whole ? facts : Markup.None)}");
    }

    private static Markup Viewer(string kind, string address, bool whole) => Markup.Of($"""
        <figure class="map{(whole ? "" : " small")}" data-map="{kind}" data-source="{address}"><canvas tabindex="0" role="img" aria-label="Map; arrows move it, + and - zoom, 0 shows all"></canvas>
        <figcaption><span class="legend" data-legend></span><span data-value role="status">Values appear under the pointer.</span></figcaption></figure>
        """);

    private static Markup OfTable(byte[] bytes, bool isCut, char separator, int most)
    {
        var rows = DelimitedText.Read(Encoding.UTF8.GetString(bytes), separator).Take(most + 2).ToList();
        if (rows.Count == 0) return Markup.None;
        var table = new Html();
        table.Write($"<div class=\"wide\" tabindex=\"0\"><table class=\"data\"><thead><tr>");
        foreach (var cell in rows[0].Take(MostColumns)) table.Write($"<th>{cell}</th>");
        table.Write($"</tr></thead><tbody>");
        foreach (var row in rows.Skip(1).Take(most))
        {
            table.Write($"<tr>");
            foreach (var cell in row.Take(MostColumns))
                table.Write(double.TryParse(cell, CultureInfo.InvariantCulture, out _) ? Markup.Of($"<td class=\"number\">{cell}</td>") : Markup.Of($"<td>{cell}</td>"));
            table.Write($"</tr>");
        }
        table.Write($"</tbody></table></div>");
        if (rows.Count > most + 1 || isCut) table.Write($"<p class=\"soft\">These are its first {most} rows.</p>");
        return table.ToMarkup();
    }

    private static byte[] Read(SafeFileHandle file, int most, long bytes)
    {
        var buffer = new byte[(int)Math.Min(most, bytes)];
        var length = 0;
        while (length < buffer.Length && RandomAccess.Read(file, buffer.AsSpan(length), length) is var count and > 0) length += count;
        return length == buffer.Length ? buffer : buffer[..length];
    }

    private static string Dump(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        for (var at = 0; at < bytes.Length; at += 16)
        {
            var row = bytes[at..Math.Min(at + 16, bytes.Length)];
            text.Append(CultureInfo.InvariantCulture, $"{at:x8}  {Convert.ToHexStringLower(row).PadRight(32)}  ");
            foreach (var b in row) text.Append(b is >= 32 and < 127 ? (char)b : '.');
            text.Append('\n');
        }
        return text.ToString();
    }
}

/// <summary>Reads rows of delimited text (RFC 4180) as far as they can be read: for looking at, not for computing with.</summary>
internal static class DelimitedText
{
    public static IEnumerable<List<string>> Read(string text, char separator)
    {
        if (text.StartsWith('\uFEFF')) text = text[1..];
        for (var at = 0; at < text.Length;)
        {
            var row = new List<string>();
            while (true)
            {
                row.Add(Field(text, separator, ref at));
                if (at >= text.Length || text[at] != separator) break;
                at++;
            }
            if (at < text.Length && text[at] == '\r') at++;
            if (at < text.Length && text[at] == '\n') at++;
            yield return row;
        }
    }

    private static string Field(string text, char separator, ref int at)
    {
        var start = at;
        if (at >= text.Length || text[at] != '"')
        {
            while (at < text.Length && text[at] != separator && text[at] is not ('\n' or '\r')) at++;
            return text[start..at];
        }
        var field = new StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                if (at + 1 < text.Length && text[at + 1] == '"') at++;
                else break;
            }
            field.Append(text[at]);
        }
        // What follows the closing quote belongs to nothing.
        while (at < text.Length && text[at] != separator && text[at] is not ('\n' or '\r')) at++;
        return field.ToString();
    }
}
