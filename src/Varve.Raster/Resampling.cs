namespace Varve.Raster;

/// <summary>
/// How pixels of one grid come from those of another; the names and the meaning are GDAL's. Missing pixels count in none.
/// The first five look at pixels around a point, and at more of them where the new pixels are larger, and are missing where
/// the pixel at the point is; the others at all
/// pixels under the new one.
/// </summary>
public enum Resampling
{
    /// <summary>The pixel in which the centre lies: for codes.</summary>
    Near,
    /// <summary>Between the four around, by their distance.</summary>
    Bilinear,
    /// <summary>A cubic convolution of sixteen (R. Keys, 1981, a = -1/2); bilinear where one of them is missing.</summary>
    Cubic,
    /// <summary>The cubic B-spline of sixteen: smooth, and no value goes through.</summary>
    CubicSpline,
    /// <summary>A windowed sinc of thirty-six.</summary>
    Lanczos,
    /// <summary>The mean, each pixel by the part of it that is under the new one.</summary>
    Average,
    /// <summary>The root of the mean of squares, in the same way.</summary>
    Rms,
    /// <summary>The value that occurs most often; the first to do so, row by row, of several.</summary>
    Mode,
    /// <summary>The least.</summary>
    Min,
    /// <summary>The most.</summary>
    Max,
    /// <summary>The middle one by size.</summary>
    Median,
    /// <summary>That below which a quarter lies.</summary>
    FirstQuartile,
    /// <summary>That below which three quarters lie.</summary>
    ThirdQuartile,
    /// <summary>The sum, each pixel by the part of it that is under the new one: totals stay.</summary>
    Sum,
}
