using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Varve.Web.Http;
using Varve.Web.Pages;

namespace Varve.Web.Raster;

/// <summary>
/// What the map on a page draws: a length (4 bytes, little endian), so many bytes of JSON (padded with blanks to a multiple
/// of 4) that say what follows, then the values as 32-bit floats.
/// </summary>
internal static class MapData
{
    private const int MostValues = 1024;
    /// <summary>Windows decode up to a few hundred megabytes: one after the other.</summary>
    private static readonly Lock One = new();

    public static Response Of(Site site, string relative, Request request)
    {
        var (handle, bytes) = RawFile.Open(site, relative, request.Get("digest"));
        using (handle)
        {
            try
            {
                lock (One) return Of(GeoTiff.Read(handle, bytes), request);
            }
            catch (InvalidDataException e)
            {
                return Response.Text(400, $"This GeoTIFF cannot be drawn here: {e.Message}.");
            }
        }
    }

    private static Response Of(GeoTiff tiff, Request request)
    {
        if (tiff.WhyNotReadable() is { Length: > 0 } why) return Response.Text(400, $"This GeoTIFF cannot be drawn here: {why}.");
        long Number(string name, long otherwise, long least, long most) => long.TryParse(request.Get(name), CultureInfo.InvariantCulture, out var number) ? Math.Clamp(number, least, most) : otherwise;
        var x = Number("x", 0, 0, tiff.Width - 1);
        var y = Number("y", 0, 0, tiff.Height - 1);
        var width = Number("w", tiff.Width - x, 1, tiff.Width - x);
        var height = Number("h", tiff.Height - y, 1, tiff.Height - y);
        var band = (int)Number("band", 0, 0, tiff.Bands - 1);
        var sample = tiff.Sample(x, y, width, height, MostValues, band);
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            foreach (var (name, number) in ((string, long)[])[("width", tiff.Width), ("height", tiff.Height), ("bands", tiff.Bands), ("band", band), ("x", x), ("y", y), ("w", width), ("h", height), ("columns", sample.Width), ("rows", sample.Height)]) writer.WriteNumber(name, number);
            writer.WriteBoolean("exact", sample.IsExact);
            writer.WriteBoolean("coarse", sample.IsCoarse);
            writer.WriteString("projection", tiff.Projection);
            if (tiff.Place is { } place)
            {
                writer.WriteStartArray("place");
                foreach (var number in (double[])[place.X, place.Y, place.CellX, place.CellY]) writer.WriteNumberValue(number);
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
        while (json.Length % 4 != 0) json.WriteByte((byte)' ');
        var body = new byte[4 + json.Length + sample.Values.Length * 4];
        BinaryPrimitives.WriteInt32LittleEndian(body, (int)json.Length);
        json.GetBuffer().AsSpan(0, (int)json.Length).CopyTo(body.AsSpan(4));
        MemoryMarshal.AsBytes(sample.Values.AsSpan()).CopyTo(body.AsSpan(4 + (int)json.Length));
        return new Response { Type = "application/octet-stream", Body = body };
    }
}
