namespace Varve.Raster.Habitat;

/// <summary>Which map is a species' area of habitat.</summary>
internal enum AohMap
{
    /// <summary>What suits in habitat and in elevation.</summary>
    Both,
    /// <summary>Habitat in the range: no elevation suits where it is.</summary>
    Habitat,
    /// <summary>Suitable elevations in the range: there is no habitat.</summary>
    Elevation,
    /// <summary>The range: there is no habitat, and no elevation suits.</summary>
    Range,
    /// <summary>None.</summary>
    None,
}

/// <summary>Sums over a species' range, as they are weighed, and, of what decides, as they are not.</summary>
internal readonly record struct AohSums(double Range, double Habitat, double Elevation, double Both, double AnyHabitat, double AnyElevation, double AnyBoth);

/// <summary>What the sums come to by the rules of the IUCN Red List Technical Working Group.</summary>
internal sealed record AohAnswer(AohTotals Totals, AohMap Map)
{
    /// <param name="sums">The sums.</param>
    /// <param name="isForced">Whether a range without habitat has none; else the codes are taken to be wrong, and the range is habitat.</param>
    public static AohAnswer Of(AohSums sums, bool isForced)
    {
        if (sums.AnyHabitat == 0)
        {
            if (isForced) return new AohAnswer(new AohTotals(sums.Range, 0, 0, 0), AohMap.None);
            return sums.AnyElevation == 0
                ? new AohAnswer(new AohTotals(sums.Range, sums.Range, sums.Elevation, sums.Range), AohMap.Range)
                : new AohAnswer(new AohTotals(sums.Range, sums.Range, sums.Elevation, sums.Elevation), AohMap.Elevation);
        }
        return sums.AnyBoth == 0
            ? new AohAnswer(new AohTotals(sums.Range, sums.Habitat, sums.Elevation, sums.Habitat), AohMap.Habitat)
            : new AohAnswer(new AohTotals(sums.Range, sums.Habitat, sums.Elevation, sums.Both), AohMap.Both);
    }
}
