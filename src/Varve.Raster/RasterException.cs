namespace Varve.Raster;

/// <summary>What was asked cannot be done with these rasters, or a file is damaged; the message says what to do next.</summary>
public sealed class RasterException : Exception
{
    /// <summary>With a message for people.</summary>
    public RasterException(string message) : base(message) { }

    /// <summary>With a message for people, and what caused it.</summary>
    public RasterException(string message, Exception? cause) : base(message, cause) { }
}
