#!/usr/bin/python3
"""One species with aoh-calculator, found in PYTHONPATH: calculator.py LAYOUT ''|--pixel-area."""
import sys

from aoh import aohcalc_binary

layout, area = sys.argv[1:]
aohcalc_binary(f"h.{layout}.tif", f"e.{layout}.tif", "crosswalk.csv", "species/00000.geojson", "calculator", multiply_by_area_per_pixel=bool(area))
