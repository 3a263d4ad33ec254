namespace Varve.Raster;

/// <summary>What a pixel holds.</summary>
public enum PixelType
{
    /// <summary>True or false, what comparisons give; in a file a byte of 1 or 0.</summary>
    Boolean,
    /// <summary>0 to 255.</summary>
    Byte,
    /// <summary>-128 to 127.</summary>
    Int8,
    /// <summary>0 to 65535.</summary>
    UInt16,
    /// <summary>-32768 to 32767.</summary>
    Int16,
    /// <summary>0 to 4294967295.</summary>
    UInt32,
    /// <summary>-2147483648 to 2147483647.</summary>
    Int32,
    /// <summary>0 to 2^64 - 1.</summary>
    UInt64,
    /// <summary>-2^63 to 2^63 - 1.</summary>
    Int64,
    /// <summary>IEEE 754 binary32.</summary>
    Float32,
    /// <summary>IEEE 754 binary64.</summary>
    Float64,
}
