namespace Varve.Raster;

/// <summary>What holds of all pixels that are not missing. Sums are exact, and rounded once: they do not depend on the order of pixels.</summary>
/// <param name="Count">Pixels that have a value.</param>
/// <param name="Missing">Pixels that have none.</param>
/// <param name="Sum">Their sum; 0 when there are none.</param>
/// <param name="WholeSum">The same for integers, without any rounding; null for real numbers.</param>
/// <param name="Min">The least; NaN when there are none.</param>
/// <param name="Max">The most; NaN when there are none.</param>
/// <param name="Mean">The sum through the count; NaN when there are none.</param>
/// <param name="Deviation">The standard deviation of all (not of a sample); NaN when there are none, or when it was not asked for.</param>
/// <param name="Type">What the pixels hold.</param>
public sealed record Statistics(long Count, long Missing, double Sum, Int128? WholeSum, double Min, double Max, double Mean, double Deviation, PixelType Type);
