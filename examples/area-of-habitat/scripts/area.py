"""Print one line of CSV: id, range, area of habitat, prevalence.

Usage: area.py ID RANGE AOH. Both rasters hold 1 where the species may be and
lie on one projected grid in metres. Areas are in km2, of the range inside the
park and of the habitat in it; prevalence is the second over the first.
"""

import sys

import numpy
from osgeo import gdal

gdal.UseExceptions()


def cells(path):
    """How many cells hold 1, and the area of one in km2."""
    raster = gdal.Open(path)
    transform = raster.GetGeoTransform()
    count = int(numpy.count_nonzero(raster.ReadAsArray() == 1))
    return count, abs(transform[1] * transform[5]) / 1e6


identity, range_path, habitat_path = sys.argv[1:]
in_range, cell = cells(range_path)
in_habitat, _ = cells(habitat_path)
prevalence = in_habitat / in_range if in_range else 0.0
print(f"{identity},{in_range * cell:.4f},{in_habitat * cell:.4f},{prevalence:.4f}")
