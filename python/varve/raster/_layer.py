"""Layers, and what they are asked for."""
from __future__ import annotations

import ctypes
import math
import os
from typing import Any, Callable, List, Optional, Sequence, Tuple, Union

import numpy as np

from . import _library
from ._area import Area
from ._library import Description, Grid, Tally, WriteOptions, call, library, path_of, release, run, text
from ._operators import Operators
from ._projection import MapProjection, buffer_of_doubles
from ._types import Array, DataType, data_type_of, dtype_of

_SUM, _EXTREMES = 1, 2
_COMPRESSIONS = ("none", "lzw", "deflate", "zstd")


class Layer(Operators):
    """A raster, polygons, a number, or what is computed of such: `Yirgacheffe's` layers and expressions are one here.

    Nothing is read before a number, an array or a file is asked for. A layer may be used in a `with` statement, which
    lets go of its file at the end; what was computed of it keeps what it needs.
    """

    __slots__ = ("_handle", "_made", "_name", "_known")

    def __init__(self, handle: int, made: Tuple[Callable[..., Any], Tuple[Any, ...]], name: Optional[str] = None) -> None:
        self._handle = handle
        self._made = made
        self._name = name
        self._known: Optional[Description] = None

    def close(self) -> None:
        """Lets go of it."""
        handle, self._handle = self._handle, 0
        release(handle)

    def __enter__(self) -> Layer:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        release(getattr(self, "_handle", 0))

    def __reduce__(self) -> Tuple[Any, ...]:
        return self._made

    def __repr__(self) -> str:
        function, arguments = self._made
        words = [f"<{a.dtype} {' x '.join(map(str, a.shape))}>" if isinstance(a, np.ndarray) else repr(a) for a in arguments]
        return f"{function.__name__.lstrip('_')}({', '.join(words)})"

    @property
    def _id(self) -> int:
        if not self._handle:
            raise ValueError("this layer was closed")
        return self._handle

    @property
    def _description(self) -> Description:
        if self._known is None:
            self._known = Description()
            call("describe", self._id, ctypes.byref(self._known))
        return self._known

    @property
    def name(self) -> str:
        """The label of its band, else its file; of what is computed, how."""
        return text(library().varve_label_of, self._id) or self._name or repr(self)

    @property
    def datatype(self) -> DataType:
        """What its pixels hold: always the type that is computed and written. Truths are bytes."""
        return data_type_of(self._description.type)

    @property
    def nodata(self) -> Union[float, int, None]:
        """What stands in its file for missing pixels; None where nothing does, and of what is computed."""
        known = self._description
        if not known.has_no_data:
            return None
        return int(known.no_data) if dtype_of(known.type).kind in "iu" else known.no_data

    @property
    def projection(self) -> Optional[MapProjection]:
        """Its map projection and the size of its pixels; None of numbers, and of polygons that follow any grid."""
        if self._description.placed == 0:
            return None
        grid = Grid()
        call("pixels_of", self._id, ctypes.byref(grid))
        return MapProjection._of(grid.projection, grid.step_x, grid.step_y)

    @property
    def area(self) -> Area:
        """Where it lies.

        Raises:
            ValueError: Its layers have no pixel in common.
        """
        if self._description.placed == 0:
            try:
                bounds = buffer_of_doubles(4)
                call("bounds_of", self._id, bounds)
                return Area(*bounds)
            except _library.RasterError:
                return Area.world()
        grid = Grid()
        call("grid_of", self._id, ctypes.byref(grid))
        area = Area._of(grid)
        if grid.width <= 0 or grid.height <= 0:
            raise ValueError("No intersection possible: the layers of this expression have no pixel in common")
        return area

    @property
    def dimensions(self) -> Tuple[int, int]:
        """Columns and rows.

        Raises:
            AttributeError: It has no pixels of its own.
        """
        area = self.area
        if area.projection is None:
            raise AttributeError("the layer follows any grid, so it has no dimensions; as_area gives it those of another")
        return area.pixel_dimensions

    def _placed(self) -> Area:
        area = self.area
        if area.projection is None:
            raise ValueError("No map projection specified for layers in expression: they follow any grid; as_area(layer) lays them on another's")
        return area

    # What is asked of all pixels.

    def _tally(self, wanted: int, **how: Any) -> Tally:
        return tallies([self], wanted, **how)[0]

    def sum(self, *, parallelism: Union[int, bool, None] = None, callback: Optional[Callable[[float], None]] = None,
            memory: Optional[int] = None) -> Union[int, float]:
        """The sum of all pixels that are not missing: exact, rounded once; of integers and truths an int.

        Args:
            parallelism: How many threads; None or True for one for each core. The result does not depend on it.
            callback: Told, now and then, how far it is, from 0.0 to 1.0.
            memory: Bytes that may be used; None for half of what is free.
        """
        return total_of(self._tally(_SUM, parallelism=parallelism, callback=callback, memory=memory))

    def parallel_sum(self, callback: Optional[Callable[[float], None]] = None, parallelism: Union[int, bool, None] = None,
                     band: int = 1) -> Union[int, float]:
        """The same as `sum`, which uses all cores by itself."""
        del band
        return self.sum(callback=callback, parallelism=parallelism)

    def min(self, **how: Any) -> Union[int, float]:
        """The least value that is not missing; NaN when all are. Takes what `sum` takes."""
        return self._number(self._tally(_EXTREMES, **how).min)

    def max(self, **how: Any) -> Union[int, float]:
        """The greatest value that is not missing; NaN when all are. Takes what `sum` takes."""
        return self._number(self._tally(_EXTREMES, **how).max)

    def mean(self, **how: Any) -> float:
        """The mean of all that are not missing; NaN when all are. Takes what `sum` takes."""
        return float(self._tally(_SUM, **how).mean)

    def _number(self, value: float) -> Union[int, float]:
        return int(value) if dtype_of(self._description.type).kind in "iub" and math.isfinite(value) else value

    def unique(self, return_counts: bool = False, **how: Any) -> Any:
        """Which values occur, in their order; missing ones as one NaN at the end, in an array of real numbers.

        Args:
            return_counts: Whether to give how often each occurs, too.
            how: What `sum` takes.

        Raises:
            RasterError: There are millions of different ones.
        """
        dtype = dtype_of(self._description.type)

        def take(job: int) -> Tuple[Array, Array, int]:
            missing = ctypes.c_int64()
            count = call("values_of", job, None, None, ctypes.byref(missing))
            values, counts = np.empty(count, dtype), np.empty(count, np.int64)
            call("values_of", job, values.ctypes.data, counts.ctypes.data, None)
            return values, counts, missing.value

        values, counts, missing = run("values", self._id, then=take, **how)
        if missing:
            values, counts = np.append(values.astype(np.result_type(dtype, np.float32)), np.nan), np.append(counts, missing)
        return (values, counts) if return_counts else values

    # Pixels.

    def read_array(self, x: int, y: int, width: int, height: int, **how: Any) -> Array:
        """A window of its pixels; 0 outside its area.

        Integers that may be missing come as float64, with NaN where they are; `read_masked` keeps them integers.

        Args:
            x: The first column, counted from its area's.
            y: The first row.
            width: Columns.
            height: Rows.
            how: What `sum` takes.
        """
        values, missing = self._read(x, y, width, height, how)
        if missing is not None and values.dtype.kind != "f":
            values = values.astype(np.float64)
            values[missing] = np.nan
        return values

    def read_masked(self, x: int, y: int, width: int, height: int, **how: Any) -> np.ma.MaskedArray[Any, Any]:
        """The same as `read_array`, with missing pixels masked, and of the layer's own type."""
        values, missing = self._read(x, y, width, height, how)
        return np.ma.MaskedArray(values, missing if missing is not None else np.ma.nomask)  # type: ignore[no-untyped-call]

    def _read(self, x: int, y: int, width: int, height: int, how: Any) -> Tuple[Array, Optional[Array]]:
        if width <= 0 or height <= 0:
            raise ValueError("Request dimensions must be positive and non-zero")
        dtype = dtype_of(self._description.type)
        if self._description.placed == 0 and self.area.is_world:
            step = MapProjection._of(0, 1.0, -1.0)
            return self.as_area(Area(0.0, 0.0, float(width), -float(height), step))._read(0, 0, width, height, how)
        area = self._placed()
        projection = area.projection
        assert projection is not None
        source: Layer = self
        if (x, y, (width, height)) != (0, 0, area.pixel_dimensions):
            left, top = area.left + x * projection.xstep, area.top + y * projection.ystep
            source = self.as_area(Area(left, top, left + width * projection.xstep, top + height * projection.ystep, projection))
        values, missing = np.empty((height, width), dtype), np.empty((height, width), np.bool_)
        run("read", source._id, values.ctypes.data, missing.ctypes.data, width * height, **how)
        return values, missing if self._description.can_miss else None

    def __array__(self, dtype: Any = None, copy: Optional[bool] = None) -> Array:
        if copy is False:
            raise ValueError("a layer is computed, so its array is always a new one")
        width, height = self._placed().pixel_dimensions
        values = self.read_array(0, 0, width, height)
        return values if dtype is None else values.astype(dtype)

    # numpy's numbers leave their operators with layers to these.
    __array_ufunc__ = None

    def to_geotiff(self, filename: Union[str, "os.PathLike[str]"], and_sum: bool = False, parallelism: Union[int, bool, None] = None,
                   callback: Optional[Callable[[float], None]] = None, nodata: Union[float, int, None] = None, sparse: bool = False, *,
                   compression: str = "deflate", level: Optional[int] = None, cog: bool = False,
                   memory: Optional[int] = None) -> Union[int, float, None]:
        """Writes it as a GeoTIFF, which appears when it is whole.

        Args:
            filename: The file; folders that are not there are made.
            and_sum: Whether to give the sum of all pixels, too.
            parallelism: How many threads; None or True for one for each core.
            callback: Told, now and then, how far it is, from 0.0 to 1.0.
            nodata: The value that stands for missing pixels; pixels that have it are missing in the file. None for a value
                that no pixel has, where any pixel can be missing.
            sparse: Whether to leave out tiles in which all is missing.
            compression: none, lzw, deflate or zstd.
            level: 1 to 9 for deflate, 1 to 22 for zstd; None for what is usual.
            cog: Whether to make a Cloud Optimized GeoTIFF.
            memory: Bytes that may be used; None for half of what is free.

        Raises:
            RasterError: It cannot be computed, or lies on no grid.
            OSError: It cannot be written.
        """
        if sparse and nodata is None:
            raise ValueError("Nodata value must be provided for sparse GeoTIFFs")
        return write(filename, [self], None, and_sum, parallelism, callback, nodata, sparse, compression, level, cog, memory)

    def show(self, ax: Any = None, parallelism: Union[int, bool, None] = None, max_pixels: Optional[int] = 1000, **kwargs: Any) -> Any:
        """Draws it with matplotlib.

        Args:
            ax: Axes of matplotlib; None for the current ones.
            parallelism: How many threads; None or True for one for each core.
            max_pixels: About how many columns or rows are drawn; None for all.
            kwargs: What matplotlib's `imshow` takes.

        Returns:
            matplotlib's image.
        """
        if ax is None:
            import matplotlib.pyplot  # type: ignore[import]

            ax = matplotlib.pyplot.gca()
        area = self._placed()
        width, height = area.pixel_dimensions
        every = max(1, max(width, height) // max_pixels) if max_pixels else 1
        shape = (math.ceil(height / every), math.ceil(width / every))
        values = np.empty(shape, np.float64)
        run("preview", self._id, values.ctypes.data, shape[1], shape[0], parallelism=parallelism)
        return ax.imshow(values, extent=[area.left, area.right, area.bottom, area.top], **kwargs)

    def latlng_for_pixel(self, x: int, y: int) -> Tuple[float, float]:
        """Latitude and longitude of a pixel's corner.

        Args:
            x: Its column.
            y: Its row.
        """
        area = self._geographic()
        return area.top + y * area.projection.ystep, area.left + x * area.projection.xstep  # type: ignore[union-attr]

    def pixel_for_latlng(self, lat: float, lng: float) -> Tuple[int, int]:
        """Column and row of the pixel at a latitude and longitude."""
        area = self._geographic()
        return area.projection.round_down_pixels(  # type: ignore[union-attr]
            (lng - area.left) / area.projection.xstep, (lat - area.top) / area.projection.ystep)  # type: ignore[union-attr]

    def _geographic(self) -> Area:
        area = self._placed()
        if not area.projection.is_geographic:  # type: ignore[union-attr]
            raise ValueError(f"pixels of {area.projection} have no latitude and longitude here; reproject the layer to epsg:4326 first")
        return area


def handles_of(layers: Sequence[Layer]) -> Any:
    """Handles of layers as the shared object takes them."""
    return (ctypes.c_int64 * len(layers))(*[layer._id for layer in layers])


def tallies(layers: Sequence[Layer], wanted: int, **how: Any) -> List[Tally]:
    """Sums, or extremes, of several layers; in one pass where they lie on one area."""

    def take(job: int) -> List[Tally]:
        results = [Tally() for _ in layers]
        for index, result in enumerate(results):
            call("tally_of", job, index, ctypes.byref(result))
        return results

    done: List[Tally] = run("tally", handles_of(layers), len(layers), wanted, then=take, **how)
    return done


def total_of(tally: Tally) -> Union[int, float]:
    """The sum, exactly where it is one of integers."""
    return (int(tally.high) << 64) + int(tally.low) if tally.is_whole else float(tally.sum)


def write(filename: Union[str, "os.PathLike[str]"], layers: Sequence[Layer], labels: Optional[Sequence[str]], and_sum: bool,
          parallelism: Union[int, bool, None], callback: Optional[Callable[[float], None]], nodata: Union[float, int, None], sparse: bool,
          compression: str, level: Optional[int], cog: bool, memory: Optional[int]) -> Union[int, float, None]:
    """Writes layers of one area as the bands of a file."""
    if compression.lower() not in _COMPRESSIONS:
        raise ValueError(f"compression is one of {', '.join(_COMPRESSIONS)}, not {compression}")
    folder = os.path.dirname(os.path.abspath(os.fspath(filename)))
    os.makedirs(folder, exist_ok=True)
    for layer in layers:
        layer._placed()
    if nodata is not None and not math.isnan(nodata):
        layers = [layer._without(nodata) for layer in layers]
    options = WriteOptions(_COMPRESSIONS.index(compression.lower()), level or 0, int(cog), int(sparse), int(nodata is not None), 0,
                           0.0 if nodata is None else float(nodata))
    names = (ctypes.c_char_p * len(layers))(*[str(label).encode() for label in labels]) if labels else None

    def take(job: int) -> Union[int, float, None]:
        if not and_sum:
            return None
        tally = Tally()
        call("tally_of", job, 0, ctypes.byref(tally))
        return total_of(tally)

    result: Union[int, float, None] = run("write", path_of(filename), handles_of(layers), len(layers), names, ctypes.byref(options), int(and_sum),
                                          then=take, parallelism=parallelism, callback=callback, memory=memory)
    return result
