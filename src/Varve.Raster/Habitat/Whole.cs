using Varve.Raster.Files;

namespace Varve.Raster.Habitat;

/// <summary>Small files that appear whole, or not at all.</summary>
internal static class Whole
{
    /// <exception cref="RasterException">It cannot be written.</exception>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var temporary = PartialFile.For(path);
        try
        {
            using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
            {
                RandomAccess.Write(file, bytes, 0);
                RandomAccess.FlushToDisk(file);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(temporary);
            throw new RasterException($"{path}: it cannot be written: {e.Message}", e);
        }
    }
}
