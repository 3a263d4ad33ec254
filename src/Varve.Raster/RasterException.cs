namespace Varve.Raster;

/// <summary>What was asked cannot be done with these rasters, or a file is damaged; the message says what to do next.</summary>
public sealed class RasterException : Exception
{
    /// <summary>Whether a file has not the band that was asked for.</summary>
    public bool IsNoSuchBand { get; init; }

    /// <summary>With a message for people.</summary>
    public RasterException(string message) : base(message) { }

    /// <summary>With a message for people, and what caused it.</summary>
    public RasterException(string message, Exception? cause) : base(message, cause) { }
}
