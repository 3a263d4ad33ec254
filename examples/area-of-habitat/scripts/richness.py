"""Count the species whose habitat each cell is.

Usage: richness.py OUTPUT AOH... The inputs hold 0 and 1, and 255 where nothing
is known; a cell that is unknown in one is unknown in the sum.
"""

import sys

import numpy
from osgeo import gdal

gdal.UseExceptions()
output, paths = sys.argv[1], sys.argv[2:]
first = gdal.Open(paths[0])
total = numpy.zeros((first.RasterYSize, first.RasterXSize), dtype=numpy.uint8)
unknown = numpy.zeros(total.shape, dtype=bool)
if len(paths) > 254:
    sys.exit("richness.py counts up to 254 species in a byte")
for path in paths:
    habitat = gdal.Open(path).ReadAsArray()
    if habitat.shape != total.shape:
        sys.exit(f"{path}: not on the grid of {paths[0]}")
    total += habitat == 1
    unknown |= habitat == 255
total[unknown] = 255

options = ["COMPRESS=DEFLATE", "PREDICTOR=2"]
raster = gdal.GetDriverByName("GTiff").Create(
    output, first.RasterXSize, first.RasterYSize, 1, gdal.GDT_Byte, options)
raster.SetGeoTransform(first.GetGeoTransform())
raster.SetProjection(first.GetProjection())
raster.GetRasterBand(1).SetNoDataValue(255)
raster.GetRasterBand(1).WriteArray(total)
raster = None
