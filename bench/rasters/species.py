#!/usr/bin/python3
"""Species with wobbly ranges at random places of the rasters of data.py: species.py SIDE COUNT ACROSS FOLDER."""
import json
import math
import os
import random
import sys

side, count, across, folder = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
rng = random.Random(7)
os.makedirs(f"{folder}/species")
with open(f"{folder}/crosswalk.csv", "w", encoding="utf-8") as table:
    table.write("code,value\n" + "".join(f"1.{value},{value}\n" for value in range(20)))
for number in range(count):
    x, y = rng.uniform(across, side - across), rng.uniform(across, side - across)
    ring = []
    for step in range(90):
        angle, radius = math.tau * step / 90, across / 2 * rng.uniform(0.85, 1)
        ring.append([-60 + (x + radius * math.cos(angle)) * 0.0001, 10 - (y + radius * math.sin(angle)) * 0.0001])
    low = rng.randrange(0, 1800)
    species = {"id_no": number, "season": 1, "elevation_lower": low, "elevation_upper": low + 900,
               "full_habitat_code": "|".join(f"1.{value}" for value in rng.sample(range(20), 4))}
    feature = {"type": "Feature", "properties": species, "geometry": {"type": "Polygon", "coordinates": [ring + ring[:1]]}}
    with open(f"{folder}/species/{number:05}.geojson", "w", encoding="utf-8") as file:
        json.dump(feature, file)
