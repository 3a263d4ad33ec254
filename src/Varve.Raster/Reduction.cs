namespace Varve.Raster;

/// <summary>How the pixels of an overview come from the four below each.</summary>
public enum Reduction
{
    /// <summary>The first of the four: for codes, whose mean means nothing.</summary>
    Nearest,
    /// <summary>The mean of those that are not missing; integers are rounded, halves to even.</summary>
    Average,
}
