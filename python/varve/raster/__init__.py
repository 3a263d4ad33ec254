"""Maps computed from maps, within the memory and on the cores there are.

The names are those of Yirgacheffe 2.0, so that `import varve.raster as yg` runs scripts that were written for it; what differs on
purpose is listed in docs/python.md of Varve. For example:

    import varve.raster as vr

    with vr.read_raster("habitat.tif") as habitat, vr.read_raster("elevation.tif") as elevation, vr.read_shape("range.geojson") as home:
        suitable = habitat.isin([14, 16]) & (elevation > 600) & (elevation < 1200)
        print((suitable * home).sum())
"""
from ._area import Area
from ._functions import (abs, all, any, ceil, clip, exp, exp2, find_intersection, find_union, floor, isin, log, log2, log10, logical_and,
                         logical_not, logical_or, logical_xor, maximum, minimum, nan_to_num, round, sqrt, sum, sums, to_geotiff, where)
from ._layer import Layer
from ._library import InvalidRasterBand, RasterError
from ._opening import (area_raster, from_array, h3_tile, read_narrow_raster, read_raster, read_raster_like, read_rasters, read_shape,
                       read_shape_like)
from ._operators import constant
from ._projection import MapProjection
from ._types import DataType, ResamplingMethod

YirgacheffeLayer = Layer
__version__ = "0.1.0"

__all__ = [
    "Area", "DataType", "InvalidRasterBand", "Layer", "MapProjection", "RasterError", "ResamplingMethod", "YirgacheffeLayer", "abs", "all",
    "any", "area_raster", "ceil", "clip", "constant", "exp", "exp2", "find_intersection", "find_union", "floor", "from_array", "h3_tile",
    "isin", "log", "log2", "log10", "logical_and", "logical_not", "logical_or", "logical_xor", "maximum", "minimum", "nan_to_num",
    "read_narrow_raster", "read_raster", "read_raster_like", "read_rasters", "read_shape", "read_shape_like", "round", "sqrt", "sum",
    "sums", "to_geotiff", "where",
]
