"""Rectangles on the Earth."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional, Tuple

from ._library import Grid
from ._projection import TOLERANCE, MapProjection


@dataclass(frozen=True, eq=False)
class Area:
    """A rectangle, perhaps of pixels of a map projection. `|` and `&` give union and intersection.

    Nothing is moved: two areas whose pixels lie beside each other, in parts of a pixel, have neither.

    Attributes:
        left: The least x.
        top: The greatest y.
        right: The greatest x.
        bottom: The least y.
        projection: What the numbers mean, and the pixels; None for the bounds of polygons that follow any grid.

    Raises:
        ValueError: It is not a whole number of pixels.
    """

    left: float
    top: float
    right: float
    bottom: float
    projection: Optional[MapProjection] = None

    def __post_init__(self) -> None:
        if self.projection is None or self.is_world:
            return
        for length, step in ((self.right - self.left, self.projection.xstep), (self.top - self.bottom, self.projection.ystep)):
            pixels = abs(length / step)
            if abs(pixels - round(pixels)) > TOLERANCE:
                raise ValueError(f"an area is a whole number of pixels, and {length} is {pixels} of {abs(step)}")

    @staticmethod
    def world() -> Area:
        """Everywhere: the area of numbers."""
        return Area(math.nan, math.nan, math.nan, math.nan)

    @staticmethod
    def _of(grid: Grid) -> Area:
        """Of a grid of the library; its projection's handle is taken over."""
        projection = MapProjection._of(grid.projection, grid.step_x, grid.step_y)
        return Area(grid.x, grid.y, grid.x + grid.width * grid.step_x, grid.y + grid.height * grid.step_y, projection)

    def _grid(self) -> Grid:
        """The library's grid of it."""
        if self.projection is None:
            raise ValueError("the area has no projection, so it has no pixels; project_like(area) gives it those of another")
        width, height = self.pixel_dimensions
        return self.projection._grid(self.left, self.top, width, height)

    @property
    def is_world(self) -> bool:
        """Whether it is everywhere."""
        return math.isnan(self.left)

    def _is_same_corner(self, other: Area) -> bool:
        x = abs(self.projection.xstep) * TOLERANCE if self.projection else 1e-9
        y = abs(self.projection.ystep) * TOLERANCE if self.projection else 1e-9
        return (abs(self.left - other.left) <= x and abs(self.right - other.right) <= x
                and abs(self.top - other.top) <= y and abs(self.bottom - other.bottom) <= y)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Area):
            return False
        if self.is_world or other.is_world:
            return self.is_world and other.is_world
        return self.projection == other.projection and self._is_same_corner(other)

    def __hash__(self) -> int:
        return hash(self.projection)

    def _with(self, other: Area, doing: str) -> Tuple[Area, Area]:
        """Both, on the pixels of one of them."""
        if not isinstance(other, Area):
            raise ValueError(f"Can only {doing} two areas")
        one = self.project_like(other) if self.projection is None and other.projection is not None else self
        two = other.project_like(self) if other.projection is None and self.projection is not None else other
        if one.projection != two.projection:
            raise ValueError(f"Cannot {doing} areas with different projections: {one.projection} and {two.projection}")
        if one.projection is not None:
            for name, apart, step in (("across", one.left - two.left, one.projection.xstep), ("down", one.top - two.top, one.projection.ystep)):
                if abs(apart / step - round(apart / step)) > TOLERANCE:
                    raise ValueError(f"Cannot {doing} areas whose pixels lie {abs(apart / step) % 1:.3g} of a pixel {name} beside each other; "
                                     "as_projection lays a layer on the grid of another")
        return one, two

    def __and__(self, other: Area) -> Area:
        if isinstance(other, Area) and (self.is_world or other.is_world):
            return other if self.is_world else self
        one, two = self._with(other, "intersect")
        left, right = max(one.left, two.left), min(one.right, two.right)
        top, bottom = min(one.top, two.top), max(one.bottom, two.bottom)
        least_x = abs(one.projection.xstep) * TOLERANCE if one.projection else 0
        least_y = abs(one.projection.ystep) * TOLERANCE if one.projection else 0
        if right - left <= least_x or top - bottom <= least_y:
            raise ValueError("No intersection possible")
        return Area(left, top, right, bottom, one.projection)

    def __or__(self, other: Area) -> Area:
        if isinstance(other, Area) and (self.is_world or other.is_world):
            return self if self.is_world else other
        one, two = self._with(other, "union")
        return Area(min(one.left, two.left), max(one.top, two.top), max(one.right, two.right), min(one.bottom, two.bottom), one.projection)

    def grow(self, offset: float) -> Area:
        """It, larger on each side by so much.

        Raises:
            ValueError: That is no whole number of pixels.
        """
        return Area(self.left - offset, self.top + offset, self.right + offset, self.bottom - offset, self.projection)

    def overlaps(self, other: Area) -> bool:
        """Whether the two share a point, on their edges too."""
        if self.is_world or other.is_world:
            return True
        if self.projection is not None and other.projection is not None and self.projection != other.projection:
            raise ValueError("Cannot compare areas with different projections")
        return self.left <= other.right and other.left <= self.right and self.bottom <= other.top and other.bottom <= self.top

    def project_like(self, other: Area) -> Area:
        """It on the pixels of another area, as many as it touches; in the other's projection when it has one itself.

        Raises:
            ValueError: The other has no projection.
        """
        if other.projection is None:
            raise ValueError("Like area must have a map projection")
        if self.projection is not None:
            return self.reproject(other.projection)
        return self._on_pixels(other.projection, other.left, other.top)

    def _on_pixels(self, projection: MapProjection, x: float, y: float) -> Area:
        """The pixels that it touches of a grid through a point."""
        across, down = abs(projection.xstep), abs(projection.ystep)
        return Area(x + math.floor((self.left - x) / across + TOLERANCE) * across, y + math.ceil((self.top - y) / down - TOLERANCE) * down,
                    x + math.ceil((self.right - x) / across - TOLERANCE) * across, y + math.floor((self.bottom - y) / down + TOLERANCE) * down, projection)

    def reproject(self, target_projection: MapProjection) -> Area:
        """The pixels of a map projection that it touches.

        Raises:
            ValueError: It has no projection, or the other is another than its own.
        """
        if target_projection is None:
            raise ValueError("Target projection can not be None")
        if self.projection is None:
            raise ValueError("Can only reproject already projected areas. Use `project_like` instead.")
        if not self.projection._is_same_place(target_projection):
            raise ValueError(f"{self.projection} is another projection than {target_projection}")
        return self._on_pixels(target_projection, 0.0, 0.0)

    @property
    def pixel_dimensions(self) -> Tuple[int, int]:
        """Columns and rows.

        Raises:
            ValueError: It has no projection.
        """
        if self.projection is None:
            raise ValueError("No dimensions for unprojected area")
        return round((self.right - self.left) / abs(self.projection.xstep)), round((self.top - self.bottom) / abs(self.projection.ystep))

    @property
    def geo_transform(self) -> Tuple[float, float, float, float, float, float]:
        """As GDAL has it.

        Raises:
            ValueError: It has no projection.
        """
        if self.projection is None:
            raise ValueError("No geo transform for unprojected area")
        return self.left, self.projection.xstep, 0.0, self.top, 0.0, self.projection.ystep
