using System.Text;

namespace Varve.Web.Pages;

/// <summary>How a file is shown.</summary>
internal enum FileView
{
    Picture,
    Table,
    Vector,
    Raster,
    Text,
    Binary,
}

/// <summary>Decides how a file is shown, by its name first and its first bytes then.</summary>
internal static class FileKinds
{
    public static string? PictureType(string name) => Path.GetExtension(name).ToLowerInvariant() switch
    {
        ".png" => "image/png",
        ".jpg" or ".jpeg" => "image/jpeg",
        ".gif" => "image/gif",
        ".webp" => "image/webp",
        ".svg" => "image/svg+xml",
        _ => null,
    };

    public static FileView Of(string name, ReadOnlySpan<byte> start)
    {
        if (PictureType(name) is not null) return FileView.Picture;
        if (start.StartsWith("II*\0"u8) || start.StartsWith("MM\0*"u8) || start.StartsWith("II+\0"u8) || start.StartsWith("MM\0+"u8)) return FileView.Raster;
        if (!IsText(start)) return FileView.Binary;
        return Path.GetExtension(name).ToLowerInvariant() switch
        {
            ".csv" or ".tsv" => FileView.Table,
            ".geojson" => FileView.Vector,
            ".json" when Encoding.UTF8.GetString(start) is var head && head.Contains("\"FeatureCollection\"", StringComparison.Ordinal) => FileView.Vector,
            _ => FileView.Text,
        };
    }

    private static bool IsText(ReadOnlySpan<byte> start)
    {
        if (start.Contains((byte)0)) return false;
        // The piece may end within a character.
        for (var cut = 0; cut < 4 && cut <= start.Length; cut++)
            if (System.Text.Unicode.Utf8.IsValid(start[..^cut])) return true;
        return false;
    }
}
