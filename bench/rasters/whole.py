#!/usr/bin/python3
"""The same with numpy, on whole arrays: whole.py LAYOUT sum|OUTPUT."""
import sys

import numpy as np
from osgeo import gdal

layout, output = sys.argv[1:]
habitat, elevation = gdal.Open(f"h.{layout}.tif"), gdal.Open(f"e.{layout}.tif")
h, e = habitat.ReadAsArray(), elevation.ReadAsArray()
suitable = np.isin(h, [3, 5, 8, 13]) & (e > 600) & (e < 2200)
if output == "sum":
    print(int(suitable.sum()))
else:
    tiled = ["TILED=YES", "BLOCKXSIZE=512", "BLOCKYSIZE=512", "COMPRESS=DEFLATE", "NUM_THREADS=ALL_CPUS"]
    file = gdal.GetDriverByName("GTiff").Create(output, habitat.RasterXSize, habitat.RasterYSize, 1, gdal.GDT_Byte, tiled)
    file.SetGeoTransform(habitat.GetGeoTransform())
    file.SetProjection(habitat.GetProjection())
    file.GetRasterBand(1).WriteArray(suitable.astype("u1"))
