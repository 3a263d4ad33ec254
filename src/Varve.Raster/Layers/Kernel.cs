namespace Varve.Raster.Layers;

/// <summary>The weights of pixels around a point, by their distance in pixels.</summary>
internal static class Kernel
{
    /// <summary>How far a kernel reaches to each side.</summary>
    public static int Radius(Resampling how) => how switch { Resampling.Bilinear => 1, Resampling.Cubic or Resampling.CubicSpline => 2, Resampling.Lanczos => 3, _ => 0 };

    public static bool IsOne(Resampling how) => how is Resampling.Bilinear or Resampling.Cubic or Resampling.CubicSpline or Resampling.Lanczos;

    public static double Weight(Resampling how, double distance)
    {
        var x = Math.Abs(distance);
        switch (how)
        {
            case Resampling.Bilinear:
                return Math.Max(0, 1 - x);
            case Resampling.Cubic:
                return x <= 1 ? x * x * (x * 1.5 - 2.5) + 1 : x <= 2 ? x * (x * (x * -0.5 + 2.5) - 4) + 2 : 0;
            case Resampling.CubicSpline:
                return x <= 1 ? 2.0 / 3 + x * x * (x / 2 - 1) : x <= 2 ? (2 - x) * (2 - x) * (2 - x) / 6 : 0;
            default:
                if (x == 0) return 1;
                if (x >= 3) return 0;
                var angle = Math.PI * x;
                return 3 * Math.Sin(angle) * Math.Sin(angle / 3) / (angle * angle);
        }
    }
}
