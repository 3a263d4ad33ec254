using System.Text.RegularExpressions;

namespace Varve.Raster.Habitat;

/// <summary>Names of species' files.</summary>
internal static partial class SpeciesFiles
{
    [GeneratedRegex(@"^aoh_T(?<id>\d+)(?:A\d+)?(?:_\w+)?$", RegexOptions.NonBacktracking)]
    private static partial Regex Iucn();

    /// <summary>Files, and the GeoJSON files of folders, in the order of their names.</summary>
    /// <exception cref="RasterException">There are none.</exception>
    public static IReadOnlyList<string> Of(IReadOnlyList<string> words)
    {
        var files = new List<string>();
        foreach (var word in words)
        {
            if (!Directory.Exists(word)) files.Add(word);
            else files.AddRange(Directory.EnumerateFiles(word, "*", SearchOption.AllDirectories).Where(static f => Path.GetExtension(f).Equals(".geojson", StringComparison.OrdinalIgnoreCase)).Order(StringComparer.Ordinal));
        }
        return files.Count > 0 ? [.. files.DistinctBy(Path.GetFullPath)] : throw new RasterException($"{string.Join(", ", words)}: there is no species (*.geojson) in it");
    }

    /// <summary>The name of a species' results, without an ending.</summary>
    public static string NameOf(Species species, bool isIucn)
    {
        var season = species.Season is { } word ? "_" + word : "";
        return isIucn ? $"aoh_T{species.Id}{(species.Assessment is { } assessment ? "A" + assessment : "")}{season}" : species.Id + season;
    }

    /// <summary>Maps of a folder by species: those of its seasons are together.</summary>
    /// <exception cref="RasterException">There is none.</exception>
    public static IReadOnlyList<IReadOnlyList<string>> BySpecies(string folder)
    {
        if (!Directory.Exists(folder)) throw new RasterException($"{folder}: there is no such folder");
        var maps = Directory.EnumerateFiles(folder, "*.tif", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        if (maps.Count == 0) throw new RasterException($"{folder}: there is no map (*.tif) in it");
        return [.. maps.GroupBy(static m => SpeciesOf(Path.GetFileNameWithoutExtension(m))).Select(static g => g.ToList())];
    }

    private static string SpeciesOf(string name)
    {
        if (Iucn().Match(name) is { Success: true } match) return match.Groups["id"].Value;
        var at = name.LastIndexOf('_');
        return at > 0 ? name[..at] : name;
    }
}
