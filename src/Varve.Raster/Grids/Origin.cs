using System.Text;

namespace Varve.Raster.Grids;

/// <summary>Whose grid it is: as messages name it, and as a command can.</summary>
/// <param name="Name">For people.</param>
/// <param name="File">A file that lies on the grid; null when there is none.</param>
/// <param name="IsFile">Whether it is that file, and not one of several, or something computed.</param>
internal readonly record struct Origin(string Name, string? File = null, bool IsFile = false)
{
    public static implicit operator Origin(string name) => new(name);

    /// <summary>The call that lays one of two on the pixels of the other; null when neither is a file.</summary>
    public static string? Warp(Origin one, Origin other)
    {
        if (!(one.IsFile && other.File is not null)) (one, other) = (other, one);
        return one.IsFile && other.File is not null ? $"varve raster warp {Quoted(one.File!)} --snap {Quoted(other.File)} -o {Quoted($"{Stem(one.File!)}-on-{Stem(other.File)}.tif")}" : null;
    }

    /// <summary>A file's name without its folder and its kind, as a part of another file's name.</summary>
    public static string Stem(string path)
    {
        var stem = new StringBuilder();
        foreach (var c in Path.GetFileNameWithoutExtension(path)) stem.Append(char.IsLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-');
        return stem.Length == 0 ? "raster" : stem.ToString();
    }

    /// <summary>A word as a shell takes it.</summary>
    public static string Quoted(string word) =>
        word.Length > 0 && word.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/' or ':' or '+' or ',' or '=' or '@' or '%') ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
