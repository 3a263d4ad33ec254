"""Print a raster's grid as options of gdalwarp and gdal_rasterize.

Usage: extent.py RASTER. The grid must have north up: a rotated one has no
extent that these options could state.
"""

import sys

from osgeo import gdal

gdal.UseExceptions()
raster = gdal.Open(sys.argv[1])
west, width, row_turn, north, column_turn, height = raster.GetGeoTransform()
if row_turn or column_turn or height >= 0:
    sys.exit(f"{sys.argv[1]}: the grid is rotated or not north up")
east = west + width * raster.RasterXSize
south = north + height * raster.RasterYSize
print(f"-te {west!r} {south!r} {east!r} {north!r} -ts {raster.RasterXSize} {raster.RasterYSize}")
