namespace Varve.Raster;

/// <summary>Which pixels belong to a polygon.</summary>
public enum Coverage
{
    /// <summary>Those whose centre lies in it: areas come out right on average.</summary>
    Centre,
    /// <summary>All that it touches: nothing of it is lost.</summary>
    AllTouched,
    /// <summary>Each by the part of it that lies in the polygon, from 0 to 1, exact: real numbers, and areas come out right to the last digit.</summary>
    Fraction,
}
