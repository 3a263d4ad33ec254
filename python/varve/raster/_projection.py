"""What coordinates mean, and how large pixels are."""
from __future__ import annotations

import ctypes
import math
from typing import Any, Optional, Tuple, Union

from ._library import Grid, RasterError, call, library, release, text

TOLERANCE = 0.01
"""How far, in pixels, what counts as one place may lie apart."""
_SAME_STEP = 1e-6


class MapProjection:
    """A map projection, with the size of pixels in it.

    Two are equal when they name the same projection and their pixels differ by less than a millionth, however large they
    are. (Whether layers can be combined is decided with their extent: all pixels must agree within a hundredth of one.)

    Args:
        projection_string: Its name, such as "epsg:4326".
        xstep: From a column to the next, in units of the projection.
        ystep: From a row to the next; negative where the first row is the northernmost.

    Raises:
        ValueError: It is no projection's name.
    """

    def __init__(self, projection_string: str, xstep: float, ystep: float) -> None:
        self.xstep = float(xstep)
        self.ystep = float(ystep)
        try:
            self._handle = call("projection", str(projection_string).encode())
        except RasterError as error:
            raise ValueError(f"Invalid projection: {error}") from error

    @classmethod
    def _of(cls, handle: int, xstep: float, ystep: float) -> MapProjection:
        """Of a projection that a file has; the handle is its own from now on. 0 is none."""
        made = cls.__new__(cls)
        made.xstep, made.ystep, made._handle = xstep, ystep, handle
        return made

    @classmethod
    def of(cls, projection: Union[MapProjection, Tuple[str, Tuple[float, float]]]) -> MapProjection:
        """Itself, or one of a name and the two steps.

        Raises:
            ValueError: It is None, or no projection.
        """
        if isinstance(projection, MapProjection):
            return projection
        if projection is None:
            raise ValueError("Projection must not be none")
        name, (xstep, ystep) = projection
        return cls(name, xstep, ystep)

    def _grid(self, x: float, y: float, width: int, height: int) -> Grid:
        """Pixels from a corner on."""
        grid = Grid(x, y, self.xstep, self.ystep, width, height, self._handle)
        grid.owner = self
        return grid

    def __del__(self) -> None:
        release(getattr(self, "_handle", 0))

    def __reduce__(self) -> Tuple[Any, ...]:
        return MapProjection, (self.name, self.xstep, self.ystep)

    @property
    def name(self) -> str:
        """Its name: "EPSG:4326", or what a file calls it."""
        return text(library().varve_projection_name, self._handle) if self._handle else "no projection"

    @property
    def epsg(self) -> Optional[int]:
        """Its code in the EPSG's register; None when it has none."""
        return call("projection_epsg", self._handle) or None if self._handle else None

    @property
    def is_geographic(self) -> bool:
        """Whether coordinates are longitude and latitude."""
        return bool(self._handle) and call("projection_is_geographic", self._handle) == 1

    @property
    def crs(self) -> Any:
        """pyproj's object of the projection.

        Raises:
            ImportError: pyproj is not installed.
        """
        import pyproj

        return pyproj.CRS.from_user_input(f"EPSG:{self.epsg}" if self.epsg else self.name)

    def __repr__(self) -> str:
        return f"MapProjection({self.name!r}, {self.xstep!r}, {self.ystep!r})"

    def _is_same_place(self, other: MapProjection) -> bool:
        if not self._handle or not other._handle:
            return self._handle == other._handle
        return call("projection_equals", self._handle, other._handle) == 1

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MapProjection):
            return False
        return (math.isclose(self.xstep, other.xstep, rel_tol=_SAME_STEP) and math.isclose(self.ystep, other.ystep, rel_tol=_SAME_STEP)
                and self._is_same_place(other))

    def __hash__(self) -> int:
        return hash(self.epsg)

    def round_up_pixels(self, x: float, y: float) -> Tuple[int, int]:
        """The next whole numbers of pixels above, but for a hundredth of a pixel."""
        return math.ceil(x - TOLERANCE), math.ceil(y - TOLERANCE)

    def round_down_pixels(self, x: float, y: float) -> Tuple[int, int]:
        """The next whole numbers of pixels below, but for a hundredth of a pixel."""
        return math.floor(x + TOLERANCE), math.floor(y + TOLERANCE)


def buffer_of_doubles(count: int) -> Any:
    """Room for some numbers."""
    return (ctypes.c_double * count)()
