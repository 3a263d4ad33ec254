using System.Reflection;
using System.Runtime.InteropServices;

namespace Varve.Raster.Gdal;

/// <summary>
/// GDAL (3.4 or later) where the system has it: loaded when the first thing is asked of it, and never needed for
/// GeoTIFF. Whatever it opens belongs to one thread at a time.
/// </summary>
internal static unsafe partial class Gdal
{
    /// <summary>Memory that its own cache of blocks may take: little, since decoded blocks are kept here.</summary>
    public const long CacheBytes = 8L << 20;

    private const string Name = "libgdal";
    private const int Oldest = 30, Newest = 60;
    private static readonly Lazy<string?> Problem = new(Load);

    /// <summary>What to do where it is missing.</summary>
    public const string Install = "GDAL is not installed here (Debian and Ubuntu: apt install gdal-bin)";

    /// <summary>Whether the system has it.</summary>
    public static bool IsThere => Problem.Value is null;

    /// <exception cref="RasterException">It is not installed.</exception>
    public static void Need(string what)
    {
        if (Problem.Value is { } problem) throw new RasterException($"{what}, and {problem}");
    }

    private static string? Load()
    {
        NativeLibrary.SetDllImportResolver(typeof(Gdal).Assembly, Resolve);
        if (Handle == 0) return Install;
        if (!NativeLibrary.TryGetExport(Handle, "CPLQuietErrorHandler", out var quiet)) return "the libgdal that was found is none";
        // Messages are taken from each call, and never printed.
        CPLSetErrorHandler(quiet);
        GDALAllRegister();
        GDALSetCacheMax64(CacheBytes);
        return null;
    }

    private static readonly Lazy<nint> Found = new(static () =>
    {
        foreach (var name in Enumerable.Range(Oldest, Newest - Oldest).Reverse().Select(static n => $"libgdal.so.{n}").Append("libgdal.so"))
            if (NativeLibrary.TryLoad(name, out var handle)) return handle;
        return 0;
    });

    private static nint Handle => Found.Value;

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name == Name ? Handle : 0;

    /// <summary>What GDAL last said on this thread, on one line.</summary>
    public static string LastError()
    {
        var text = Text(CPLGetLastErrorMsg()).ReplaceLineEndings(" ").Trim();
        return text.Length == 0 ? "it gives no reason" : text;
    }

    public static string Text(nint text) => Marshal.PtrToStringUTF8(text) ?? "";

    [LibraryImport(Name)] public static partial void GDALAllRegister();
    [LibraryImport(Name)] public static partial void GDALSetCacheMax64(long bytes);
    [LibraryImport(Name)] public static partial nint CPLSetErrorHandler(nint handler);
    [LibraryImport(Name)] public static partial void CPLErrorReset();
    [LibraryImport(Name)] public static partial nint CPLGetLastErrorMsg();
    [LibraryImport(Name)] public static partial int CPLGetLastErrorType();
    [LibraryImport(Name)] public static partial void VSIFree(nint memory);
    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)] public static partial nint VSIFileFromMemBuffer(string name, byte* bytes, ulong length, int takeOwnership);
    [LibraryImport(Name)] public static partial int VSIFCloseL(nint file);
    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)] public static partial nint VSIGetMemFileBuffer(string name, out ulong length, int unlink);
    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)] public static partial int VSIUnlink(string name);
    [LibraryImport(Name)] public static partial void CSLDestroy(nint list);

    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)] public static partial nint GDALOpenEx(string name, uint flags, nint drivers, nint options, nint siblings);
    [LibraryImport(Name)] public static partial void GDALClose(nint dataset);
    [LibraryImport(Name)] public static partial int GDALGetRasterXSize(nint dataset);
    [LibraryImport(Name)] public static partial int GDALGetRasterYSize(nint dataset);
    [LibraryImport(Name)] public static partial int GDALGetRasterCount(nint dataset);
    [LibraryImport(Name)] public static partial int GDALGetGCPCount(nint dataset);
    [LibraryImport(Name)] public static partial nint GDALGetRasterBand(nint dataset, int band);
    [LibraryImport(Name)] public static partial int GDALGetGeoTransform(nint dataset, double* six);
    [LibraryImport(Name)] public static partial int GDALSetGeoTransform(nint dataset, double* six);
    [LibraryImport(Name)] public static partial nint GDALGetSpatialRef(nint dataset);
    [LibraryImport(Name)] public static partial int GDALSetSpatialRef(nint dataset, nint reference);
    [LibraryImport(Name)] public static partial nint GDALGetFileList(nint dataset);
    [LibraryImport(Name)] public static partial nint GDALGetDatasetDriver(nint dataset);
    [LibraryImport(Name)] public static partial nint GDALGetDriverShortName(nint driver);
    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)] public static partial nint GDALGetDriverByName(string name);
    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)] public static partial nint GDALCreate(nint driver, string name, int width, int height, int bands, int type, nint options);
    [LibraryImport(Name)] public static partial int GDALGetRasterDataType(nint band);
    [LibraryImport(Name)] public static partial int GDALGetMaskFlags(nint band);
    [LibraryImport(Name)] public static partial nint GDALGetMaskBand(nint band);
    [LibraryImport(Name)] public static partial nint GDALGetDataTypeName(int type);
    [LibraryImport(Name)] public static partial void GDALGetBlockSize(nint band, out int width, out int height);
    [LibraryImport(Name)] public static partial double GDALGetRasterNoDataValue(nint band, out int isSet);
    [LibraryImport(Name)] public static partial long GDALGetRasterNoDataValueAsInt64(nint band, out int isSet);
    [LibraryImport(Name)] public static partial ulong GDALGetRasterNoDataValueAsUInt64(nint band, out int isSet);
    [LibraryImport(Name)] public static partial nint GDALGetRasterColorTable(nint band);
    [LibraryImport(Name)] public static partial int GDALGetColorEntryCount(nint table);
    [LibraryImport(Name)] public static partial int GDALGetColorEntryAsRGB(nint table, int index, short* entry);
    [LibraryImport(Name)] public static partial int GDALRasterIO(nint band, int write, int x, int y, int width, int height, void* buffer, int bufferWidth, int bufferHeight, int type, int pixelSpace, int lineSpace);

    [LibraryImport(Name)] public static partial nint OSRNewSpatialReference(nint wkt);
    [LibraryImport(Name)] public static partial void OSRDestroySpatialReference(nint reference);
    [LibraryImport(Name)] public static partial nint OSRClone(nint reference);
    [LibraryImport(Name)] public static partial int OSRImportFromEPSG(nint reference, int code);
    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)] public static partial int OSRSetFromUserInput(nint reference, string text);
    [LibraryImport(Name)] public static partial void OSRSetAxisMappingStrategy(nint reference, int strategy);
    [LibraryImport(Name)] public static partial int OSRIsSame(nint a, nint b);
    [LibraryImport(Name)] public static partial int OSRIsGeographic(nint reference);
    [LibraryImport(Name)] public static partial int OSRIsProjected(nint reference);
    [LibraryImport(Name)] public static partial nint OSRCloneGeogCS(nint reference);
    [LibraryImport(Name)] public static partial double OSRGetSemiMajor(nint reference, out int error);
    [LibraryImport(Name)] public static partial double OSRGetInvFlattening(nint reference, out int error);
    [LibraryImport(Name)] public static partial double OSRGetLinearUnits(nint reference, nint name);
    [LibraryImport(Name)] public static partial double OSRGetAngularUnits(nint reference, nint name);
    [LibraryImport(Name)] public static partial int OSRAutoIdentifyEPSG(nint reference);
    [LibraryImport(Name)] public static partial nint OSRGetAuthorityCode(nint reference, nint node);
    [LibraryImport(Name)] public static partial nint OSRGetAuthorityName(nint reference, nint node);
    [LibraryImport(Name)] public static partial int OSRExportToWkt(nint reference, out nint text);
    [LibraryImport(Name)] public static partial nint OCTNewCoordinateTransformation(nint from, nint to);
    [LibraryImport(Name)] public static partial void OCTDestroyCoordinateTransformation(nint transformation);
    [LibraryImport(Name)] public static partial int OCTTransformEx(nint transformation, int count, double* x, double* y, double* z, int* success);

    [LibraryImport(Name)] public static partial nint GDALCreateGenImgProjTransformer2(nint source, nint target, nint options);
    [LibraryImport(Name)] public static partial void GDALDestroyGenImgProjTransformer(nint transformer);
    [LibraryImport(Name)] public static partial int GDALSuggestedWarpOutput(nint dataset, nint function, nint argument, double* six, out int width, out int height);

    /// <summary>The address of one of its functions, for handing to another.</summary>
    public static nint Function(string name) => NativeLibrary.GetExport(Handle, name);

    [LibraryImport(Name)] public static partial int GDALDatasetGetLayerCount(nint dataset);
    [LibraryImport(Name)] public static partial nint GDALDatasetGetLayer(nint dataset, int index);
    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)] public static partial nint GDALDatasetGetLayerByName(nint dataset, string name);
    [LibraryImport(Name)] public static partial nint OGR_L_GetName(nint layer);
    [LibraryImport(Name)] public static partial nint OGR_L_GetSpatialRef(nint layer);
    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)] public static partial int OGR_L_SetAttributeFilter(nint layer, string? filter);
    [LibraryImport(Name)] public static partial void OGR_L_ResetReading(nint layer);
    [LibraryImport(Name)] public static partial nint OGR_L_GetNextFeature(nint layer);
    [LibraryImport(Name)] public static partial void OGR_F_Destroy(nint feature);
    [LibraryImport(Name)] public static partial nint OGR_F_GetGeometryRef(nint feature);
    [LibraryImport(Name)] public static partial int OGR_F_GetFieldCount(nint feature);
    [LibraryImport(Name)] public static partial nint OGR_F_GetFieldDefnRef(nint feature, int index);
    [LibraryImport(Name)] public static partial int OGR_F_IsFieldSetAndNotNull(nint feature, int index);
    [LibraryImport(Name)] public static partial double OGR_F_GetFieldAsDouble(nint feature, int index);
    [LibraryImport(Name)] public static partial nint OGR_F_GetFieldAsString(nint feature, int index);
    [LibraryImport(Name)] public static partial nint OGR_Fld_GetNameRef(nint field);
    [LibraryImport(Name)] public static partial int OGR_Fld_GetType(nint field);
    [LibraryImport(Name)] public static partial int OGR_G_GetGeometryType(nint geometry);
    [LibraryImport(Name)] public static partial nint OGR_G_GetGeometryName(nint geometry);
    [LibraryImport(Name)] public static partial nint OGR_G_GetLinearGeometry(nint geometry, double maxAngle, nint options);
    [LibraryImport(Name)] public static partial int OGR_G_HasCurveGeometry(nint geometry, int lookForNonLinear);
    [LibraryImport(Name)] public static partial void OGR_G_DestroyGeometry(nint geometry);
    [LibraryImport(Name)] public static partial int OGR_G_GetGeometryCount(nint geometry);
    [LibraryImport(Name)] public static partial nint OGR_G_GetGeometryRef(nint geometry, int index);
    [LibraryImport(Name)] public static partial int OGR_G_GetPointCount(nint geometry);
    [LibraryImport(Name)] public static partial double OGR_G_GetX(nint geometry, int index);
    [LibraryImport(Name)] public static partial double OGR_G_GetY(nint geometry, int index);
}
