"""Layers of files, arrays, polygons, areas."""
from __future__ import annotations

import ctypes
import math
import os
from typing import Any, Optional, Sequence, Tuple, Union

import numpy as np

from ._area import Area
from ._layer import Layer
from ._library import call, path_of
from ._operators import choose, constant, lift, on_area, warp
from ._projection import MapProjection
from ._types import Array, DataType, ResamplingMethod, dtype_of, pixel_type

FileName = Union[str, "os.PathLike[str]"]
Projection = Union[MapProjection, Tuple[str, Tuple[float, float]]]
"""A MapProjection, or its name and the two steps."""
_IGNORES_NODATA = 1


def read_raster(filename: FileName, band: int = 1, ignore_nodata: bool = False) -> Layer:
    """A band of a raster file.

    Args:
        filename: The file.
        band: Which band, from 1.
        ignore_nodata: Whether the file's nodata value is a value like others, and not a missing pixel.

    Raises:
        FileNotFoundError: There is no such file.
        InvalidRasterBand: It has no such band.
        RasterError: It is no raster, or is damaged.
    """
    made = (read_raster, (filename, band, ignore_nodata))
    return Layer(call("open", path_of(filename), band, _IGNORES_NODATA if ignore_nodata else 0), made, str(filename))


def read_raster_like(filename: FileName, like: Layer, method: ResamplingMethod, band: int = 1, ignore_nodata: bool = False) -> Layer:
    """A band of a raster file, in the map projection and with the pixels of another layer.

    Args:
        filename: The file.
        like: The other layer.
        method: How its pixels come from the file's.
        band: Which band, from 1.
        ignore_nodata: Whether the file's nodata value is a value like others.
    """
    if like.projection is None:
        raise ValueError("Reference layer must have a map projection.")
    layer = read_raster(filename, band, ignore_nodata)
    around = layer.area.reproject(like.projection)
    # On the very pixels of the other, which need not begin at a multiple of their size.
    area = Area(around.left, around.top, around.right, around.bottom).project_like(like.area)
    return warp(layer, area, method)


def read_narrow_raster(filename: FileName, band: int = 1, ignore_nodata: bool = False) -> Layer:
    """A file one pixel wide, whose values hold for their whole rows, however wide what it meets is.

    Args:
        filename: The file.
        band: Which band, from 1.
        ignore_nodata: Whether the file's nodata value is a value like others.

    Raises:
        ValueError: It is wider.
    """
    made = (read_narrow_raster, (filename, band, ignore_nodata))
    return Layer(call("open_rows", path_of(filename), band, _IGNORES_NODATA if ignore_nodata else 0), made, str(filename))


def read_rasters(filenames: Sequence[FileName], tiled: bool = False) -> Layer:
    """Raster files of one grid and type as one layer; where they overlap the later one is seen, but for its missing pixels.

    Args:
        filenames: The files.
        tiled: Whether they lie side by side, for Yirgacheffe; the library sees that by itself.

    Raises:
        ValueError: There are none, or they are not on one grid, or not of one type.
    """
    if isinstance(filenames, (str, bytes, os.PathLike)):
        raise TypeError(f"Expected a sequence of files, not a single file. Did you mean to pass [{filenames!r}]?")
    files = [os.fspath(name) for name in filenames]
    if not files:
        raise ValueError("Expected one or more files")
    paths = (ctypes.c_char_p * len(files))(*[path_of(name) for name in files])
    return Layer(call("open_tiles", paths, len(files), 1), (read_rasters, (files, tiled)), files[0] if len(files) == 1 else None)


def read_shape(filename: FileName, projection: Optional[Projection] = None, where_filter: Optional[str] = None,
               datatype: Optional[DataType] = None, burn_value: Union[int, float, str] = 1, *, all_touched: bool = True) -> Layer:
    """Polygons as pixels: inside a value, outside 0.

    Args:
        filename: The file.
        projection: The map projection and pixels on which they lie where nothing that they meet has pixels of its own.
        where_filter: Which shapes, as SQL has it after WHERE.
        datatype: What pixels hold; None for the smallest type that has the values.
        burn_value: The value inside; or the name of a property, whose value it is then.
        all_touched: Whether all pixels that a polygon touches are inside, or else those whose centre is.

    Raises:
        FileNotFoundError: There is no such file.
        RasterError: There is no polygon in it.
    """
    made = (_read_shape, (filename, projection, where_filter, datatype, burn_value, all_touched))
    layer = _polygons(filename, where_filter, datatype, burn_value, all_touched)
    if projection is not None:
        grid = MapProjection.of(projection)._grid(0.0, 0.0, 1, 1)
        return Layer(call("on_pixels", layer._id, ctypes.byref(grid)), made, str(filename))
    return Layer(_taken(layer), made, str(filename))


def _read_shape(filename: FileName, projection: Optional[Projection], where_filter: Optional[str], datatype: Optional[DataType],
                burn_value: Union[int, float, str], all_touched: bool) -> Layer:
    return read_shape(filename, projection, where_filter, datatype, burn_value, all_touched=all_touched)


def read_shape_like(filename: FileName, like: Layer, where_filter: Optional[str] = None, datatype: Optional[DataType] = None,
                    burn_value: Union[int, float, str] = 1, *, all_touched: bool = True) -> Layer:
    """The same as `read_shape`, on the pixels of another layer."""
    if like is None:
        raise ValueError("like layer can not be None")
    area = like.area
    if area.projection is None:
        raise ValueError("Reference layer must have projection")
    layer = _polygons(filename, where_filter, datatype if datatype is not None else like.datatype, burn_value, all_touched)
    own = Layer(call("on_pixels", layer._id, ctypes.byref(area.projection._grid(area.left, area.top, 1, 1))),
                (_read_shape, (filename, area.projection, where_filter, datatype, burn_value, all_touched)), str(filename))
    return on_area(own, own.area)


def _polygons(filename: FileName, where_filter: Optional[str], datatype: Optional[DataType], burn_value: Union[int, float, str],
              all_touched: bool) -> Layer:
    """Polygons that follow any grid."""
    named = burn_value.encode() if isinstance(burn_value, str) else None
    made = (_polygons, (filename, where_filter, datatype, burn_value, all_touched))
    layer = Layer(call("open_polygons", path_of(filename), named, int(all_touched), where_filter.encode() if where_filter is not None else None), made)
    if not isinstance(burn_value, str):
        inside = np.asarray(burn_value)
        if inside.shape != () or inside.dtype.kind not in "iufb":
            raise ValueError(f"a burn value is a number, or the name of a property, not {burn_value!r}")
        if not (burn_value == 1 and datatype is None):
            layer = choose(layer, lift(burn_value), constant(0))
        layer = layer.as_type(datatype if datatype is not None else np.uint8) if burn_value == 1 else layer
    return layer.as_type(datatype) if datatype is not None else layer


def from_array(values: Array, origin: Tuple[float, float], projection: Projection) -> Layer:
    """Numbers in memory as a layer; they are copied. Pixels that a masked array masks are missing, and NaN is.

    Args:
        values: Rows of columns.
        origin: The outer corner of the first pixel.
        projection: The map projection and the size of pixels.

    Raises:
        ValueError: They are not of two dimensions, or of a type that pixels cannot hold.
    """
    place = MapProjection.of(projection)
    given = np.asanyarray(values)
    if given.ndim != 2:
        raise ValueError(f"an array of rows and columns is needed, not one of {given.ndim} dimensions")
    made = (from_array, (values, origin, projection))
    layer = _array(np.asarray(given), origin, place, made)
    if isinstance(given, np.ma.MaskedArray) and given.mask is not np.ma.nomask:
        return choose(_array(np.ma.getmaskarray(given),  # type: ignore[no-untyped-call]
                              origin, place, made), lift(math.nan), layer)
    return layer


def _array(values: Array, origin: Tuple[float, float], place: MapProjection, made: Any) -> Layer:
    number = pixel_type(values.dtype)
    plain = np.ascontiguousarray(values, dtype_of(number))
    height, width = plain.shape
    grid = place._grid(origin[0], origin[1], width, height)
    return Layer(call("array", plain.ctypes.data, number, ctypes.byref(grid), None), made, "an array")


def area_raster(projection: Projection) -> Layer:
    """The true area of each pixel, in square metres, on whatever grid of these pixels it meets; alone on the whole world, where the
    projection is longitude and latitude.

    Args:
        projection: The map projection and the size of pixels.
    """
    place = MapProjection.of(projection)
    layer = Layer(call("areas"), (area_raster, (place,)), "area_raster")
    if place.is_geographic:
        across, down = math.ceil(180 / abs(place.xstep) - 0.01), math.ceil(90 / abs(place.ystep) - 0.01)
        grid = place._grid(-across * abs(place.xstep), down * abs(place.ystep), 2 * across, 2 * down)
    else:
        grid = place._grid(0.0, 0.0, 0, 0)
    return Layer(call("on_pixels", layer._id, ctypes.byref(grid)), (area_raster, (place,)), "area_raster")


def h3_tile(cell_id: str, projection: Projection) -> Layer:
    """A cell of the hexagonal grid H3: 1 in pixels whose centre is inside, 0 outside; so neighbours share no pixel.

    Args:
        cell_id: Its index, in hexadecimal.
        projection: The map projection and pixels on which it lies where nothing that it meets has pixels of its own.

    Raises:
        ValueError: It is no cell.
    """
    made = (h3_tile, (cell_id, projection))
    cell = Layer(call("open_cell", str(cell_id).encode(), 0), made).as_type(np.uint8)
    grid = MapProjection.of(projection)._grid(0.0, 0.0, 1, 1)
    return Layer(call("on_pixels", cell._id, ctypes.byref(grid)), made, str(cell_id))


def _taken(layer: Layer) -> int:
    """A layer's handle, which it gives up."""
    handle, layer._handle = layer._handle, 0
    return handle
