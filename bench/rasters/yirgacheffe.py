#!/usr/bin/python3
"""The same with Yirgacheffe, whose checkout $YIRGACHEFFE names: yirgacheffe.py LAYOUT sum|OUTPUT."""
import os
import sys

sys.path.insert(0, os.environ["YIRGACHEFFE"])
import yirgacheffe as yg  # noqa: E402

layout, output = sys.argv[1:]
with yg.read_raster(f"h.{layout}.tif") as h, yg.read_raster(f"e.{layout}.tif") as e:
    suitable = h.isin([3, 5, 8, 13]) & (e > 600) & (e < 2200)
    if output == "sum":
        print(int(suitable.parallel_sum()))
    else:
        suitable.to_geotiff(output, parallelism=True)
