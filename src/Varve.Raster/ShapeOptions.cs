namespace Varve.Raster;

/// <summary>Which polygons of a vector file, and what of them becomes pixels.</summary>
public sealed record ShapeOptions
{
    /// <summary>Which layer of the file; null where it has one.</summary>
    public string? Layer { get; init; }

    /// <summary>Which shapes, in OGR's SQL: <c>area > 100 AND kind = 'park'</c>; null for all.</summary>
    public string? Where { get; init; }

    /// <summary>The column whose number is written, later shapes over earlier; null for 1.</summary>
    public string? Property { get; init; }

    /// <summary>Which pixels belong to a shape. Fractions are added up: what lies in two shapes counts for both, but never as more than 1 where no column is named.</summary>
    public Coverage Coverage { get; init; } = Coverage.Centre;
}
