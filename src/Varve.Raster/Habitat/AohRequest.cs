namespace Varve.Raster.Habitat;

/// <summary>
/// Areas of habitat to compute: of each species the part of its range whose habitat and elevation suit it (Brooks et al.,
/// Measuring Terrestrial Area of Habitat (AOH) and Its Utility for the IUCN Red List, 2019). All rasters lie on one grid.
/// </summary>
public sealed record AohRequest
{
    /// <summary>GeoJSON files of one species in one season each, or folders of them.</summary>
    public required IReadOnlyList<string> Species { get; init; }

    /// <summary>A raster whose values are classes of habitat; null when <see cref="FractionalHabitats"/> is given.</summary>
    public string? ClassifiedHabitat { get; init; }

    /// <summary>A folder of rasters `lcc_VALUE.tif`, each the part of a pixel, 0 to 1, that is of one class.</summary>
    public string? FractionalHabitats { get; init; }

    /// <summary>The least elevation in each pixel, in metres; the elevation, when there is one map of it.</summary>
    public required string ElevationMin { get; init; }

    /// <summary>The most; the same file when there is one map.</summary>
    public required string ElevationMax { get; init; }

    /// <summary>A table `code,value`: which values of the habitat map mean which of IUCN's codes.</summary>
    public required string Crosswalk { get; init; }

    /// <summary>What results are multiplied by: rasters, also one pixel wide; GeoJSON polygons, 1 inside and 0 outside; numbers.</summary>
    public IReadOnlyList<string> Weights { get; init; } = [];

    /// <summary>Whether results are in square metres, by the true area of each pixel, instead of in pixels.</summary>
    public bool PixelArea { get; init; }

    /// <summary>Whether a species without habitat has none, instead of all of its range.</summary>
    public bool ForceHabitat { get; init; }

    /// <summary>Which pixels are in a range: the calculator of the IUCN's pipelines takes all that it touches.</summary>
    public Coverage Coverage { get; init; } = Coverage.AllTouched;

    /// <summary>The folder for `ID_SEASON.tif` and `ID_SEASON.json`.</summary>
    public required string Output { get; init; }

    /// <summary>Whether files are named as the IUCN names them: `aoh_T{ID}A{ASSESSMENT}_{SEASON}`.</summary>
    public bool IucnNames { get; init; }

    /// <summary>How the maps are packed.</summary>
    public WriteOptions Write { get; init; } = new();

    /// <summary>Whether species are computed although nothing changed since.</summary>
    public bool Again { get; init; }

    /// <summary>Told of each species when it is done; one call at a time, from any thread.</summary>
    public Action<AohOutcome>? Told { get; init; }
}

/// <summary>What came of a species.</summary>
public enum AohStatus
{
    /// <summary>It was computed.</summary>
    Computed,
    /// <summary>It was there already, from the same inputs.</summary>
    Kept,
    /// <summary>Its rules say that there is no map; its manifest says why.</summary>
    NoMap,
    /// <summary>Its file cannot be used.</summary>
    Failed,
}

/// <summary>What came of one species.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Name">Of its results, without an ending; empty when its file does not even tell that.</param>
/// <param name="Status">What came of it.</param>
/// <param name="Totals">The sums; null when it was not computed now.</param>
/// <param name="Message">Why it failed, or has no map; else empty.</param>
public sealed record AohOutcome(string Path, string Name, AohStatus Status, AohTotals? Totals = null, string Message = "");

/// <summary>Sums over one species, in pixels, or in square metres, or as the weights are.</summary>
/// <param name="Range">The range.</param>
/// <param name="Habitat">Habitat in the range; the range when there is none, and that is not forced.</param>
/// <param name="Elevation">Suitable elevations in the range.</param>
/// <param name="Aoh">The area of habitat: suitable in both; in habitat alone when no elevation suits.</param>
public sealed record AohTotals(double Range, double Habitat, double Elevation, double Aoh)
{
    /// <summary>The part of the range that is habitat.</summary>
    public double Prevalence => Range == 0 ? 0 : Aoh / Range;
}
