"""What the tests share: places, folders, and a naive reference that computes pixel by pixel with numpy."""
from __future__ import annotations

import shutil
import tempfile
import unittest
from pathlib import Path

import numpy as np

import varve.raster as vr

DEGREES = vr.MapProjection("epsg:4326", 1.0, -1.0)
METRES = vr.MapProjection("epsg:32633", 100.0, -100.0)


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="varve-python-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def written(self, name: str, values, origin=(0.0, 0.0), projection=DEGREES, **options) -> Path:
        """A file with these pixels."""
        path = self.folder / name
        vr.from_array(np.asanyarray(values), origin, projection).to_geotiff(path, **options)
        return path

    def assert_pixels(self, layer: vr.Layer, expected) -> None:
        """That a layer has these pixels, and no others."""
        width, height = layer.dimensions
        np.testing.assert_array_equal(layer.read_array(0, 0, width, height), np.asarray(expected))


class Sheet:
    """A layer as numpy has it: pixels on a sheet that all layers share, 0 outside a rectangle; NaN where they are missing."""

    SIZE = 24

    def __init__(self, values: np.ndarray, rectangle) -> None:
        self.rectangle = rectangle
        left, top, right, bottom = rectangle
        self.values = np.zeros((self.SIZE, self.SIZE))
        if left < right and top < bottom:
            self.values[top:bottom, left:right] = values[top:bottom, left:right]

    @property
    def is_empty(self) -> bool:
        left, top, right, bottom = self.rectangle
        return left >= right or top >= bottom

    @property
    def pixels(self) -> np.ndarray:
        left, top, right, bottom = self.rectangle
        return self.values[top:bottom, left:right]

    def joined(self, other: "Sheet", values: np.ndarray, is_both: bool) -> "Sheet":
        a, b = self.rectangle, other.rectangle
        if not is_both and (self.is_empty or other.is_empty):
            return Sheet(values, b if self.is_empty else a)
        one, two = (max, min) if is_both else (min, max)
        return Sheet(values, (one(a[0], b[0]), one(a[1], b[1]), two(a[2], b[2]), two(a[3], b[3])))

    def with_values(self, values: np.ndarray) -> "Sheet":
        return Sheet(values, self.rectangle)


def missing_with(a: np.ndarray, b: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Missing where either is."""
    return np.where(np.isnan(a) | np.isnan(b), np.nan, values)
