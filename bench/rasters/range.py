#!/usr/bin/python3
"""A wobbly range polygon over half of the rasters of data.py, range.geojson: range.py SIDE FOLDER."""
import json
import math
import random
import sys

side, folder = int(sys.argv[1]), sys.argv[2]
rng = random.Random(11)
ring = []
for step in range(720):
    # The mean of the squared radius makes the area half of the square.
    angle, radius = math.tau * step / 720, side / 2 * rng.uniform(0.74, 0.85)
    ring.append([-60 + (side / 2 + radius * math.cos(angle)) * 0.0001, 10 - (side / 2 + radius * math.sin(angle)) * 0.0001])
feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring + ring[:1]]}}
with open(f"{folder}/range.geojson", "w", encoding="utf-8") as file:
    json.dump(feature, file)
