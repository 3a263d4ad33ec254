#!/usr/bin/python3
"""Habitat (Byte codes in patches, a few single pixels) and elevation (Int16, smooth with noise): data.py SIDE FOLDER."""
import sys

import numpy as np
from osgeo import gdal, osr

side, folder = int(sys.argv[1]), sys.argv[2]
random = np.random.default_rng(4)
knots = random.random((side // 40 + 2, side // 40 + 2)).astype("f4")
at = np.arange(side) / 40
whole, part = at.astype(int), (at - at.astype(int)).astype("f4")
system = osr.SpatialReference()
system.ImportFromEPSG(4326)


def smooth(first, rows):
    i, f = whole[first:first + rows], part[first:first + rows, None]
    lines = knots[i] * (1 - f) + knots[i + 1] * f
    return lines[:, whole] * (1 - part) + lines[:, whole + 1] * part


def habitat(first, rows):
    codes = (smooth(first, rows) * 20).astype("u1")
    lone = random.random(codes.shape) < 0.03
    codes[lone] = random.integers(0, 20, lone.sum())
    return codes


def elevation(first, rows):
    return (smooth(first, rows) * 3000 + random.integers(-5, 5, (rows, side))).astype("i2")


for name, kind, rows_of in (("h", gdal.GDT_Byte, habitat), ("e", gdal.GDT_Int16, elevation)):
    file = gdal.GetDriverByName("GTiff").Create(f"{folder}/{name}.raw.tif", side, side, 1, kind)
    file.SetGeoTransform((-60, 0.0001, 0, 10, 0, -0.0001))
    file.SetProjection(system.ExportToWkt())
    for first in range(0, side, 500):
        rows = min(500, side - first)
        file.GetRasterBand(1).WriteArray(rows_of(first, rows), 0, first)
    file = None
    tiled = ["TILED=YES", "BLOCKXSIZE=512", "BLOCKYSIZE=512"]
    for layout, options in (("lzw", ["COMPRESS=LZW"]), ("deflate", ["COMPRESS=DEFLATE", *tiled]), ("zstd", ["COMPRESS=ZSTD", *tiled])):
        gdal.Translate(f"{folder}/{name}.{layout}.tif", f"{folder}/{name}.raw.tif", creationOptions=options)
