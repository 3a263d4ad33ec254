#!/usr/bin/python3
"""The same with Yirgacheffe, whose checkout $YIRGACHEFFE names: yirgacheffe.py LAYOUT sum|areas|OUTPUT."""
import os
import sys

from osgeo import gdal, ogr

# Yirgacheffe wants GDAL 3.8. Of an older one it misses a type's number when it is imported; it opens files by their Path; and
# its workers share open files, and read each other's blocks, when its data sets cannot be closed.
if not hasattr(gdal, "GDT_Int8"):
    gdal.GDT_Int8 = 14
if not hasattr(gdal.Dataset, "Close"):
    def close(dataset):
        if dataset.this is not None:
            gdal.Dataset.__swig_destroy__(dataset)
            dataset.this = None

    gdal.Dataset.Close = close
    opened, shapes = gdal.Open, ogr.Open
    gdal.Open = lambda path, *more: opened(os.fspath(path), *more)
    ogr.Open = lambda path, *more: shapes(os.fspath(path), *more)
sys.path.insert(0, os.environ["YIRGACHEFFE"])
import yirgacheffe as yg  # noqa: E402

layout, output = sys.argv[1:]
here = os.getcwd()
with yg.read_raster(f"{here}/h.{layout}.tif") as h, yg.read_raster(f"{here}/e.{layout}.tif") as e, yg.read_shape_like(f"{here}/range.geojson", h) as species_range:
    suitable = h.isin([3, 5, 8, 13]) & (e > 600) & (e < 2200) & species_range
    if output == "sum":
        print(suitable.sum())
    elif output == "areas":
        print((suitable * yg.area_raster(h.projection)).sum())
    else:
        suitable.to_geotiff(output, parallelism=True)
