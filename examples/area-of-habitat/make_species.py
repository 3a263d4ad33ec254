#!/usr/bin/env python3
"""Draw the SYNTHETIC species of the area-of-habitat example from a fixed seed.

Writes species.csv and ranges/ID.geojson beside this file. The same seed gives
the same bytes with any Python from 3.8 on; only the standard library is used.
The species stand in for those of the IUCN Red List, whose ranges and limits may
not be redistributed: no row describes a living thing.
"""

import json
import math
import random
import sqlite3
import struct
from pathlib import Path

SEED = 20190901
COUNT = 64
HERE = Path(__file__).resolve().parent

# How a synthetic species may live: codes of the National Land Cover Database
# and the elevations in metres at which its band may be centred.
GUILDS = [
    ((41, 42, 43), 1700, 2500),
    ((42, 43), 1500, 2600),
    ((41,), 1800, 2600),
    ((52,), 1200, 2200),
    ((52, 71), 1150, 2100),
    ((71, 81), 1300, 2200),
    ((31,), 1200, 2000),
    ((31, 52), 1150, 1900),
    ((90, 95, 11), 1100, 1700),
    ((42, 52), 1300, 2300),
    ((21, 22, 52, 71), 1150, 1900),
    ((31, 42, 52), 1300, 2200),
]


def real_points():
    """Longitude and latitude of the points in data/zion_points.gpkg, in order.

    A GeoPackage is an SQLite database; a geometry is a header whose envelope
    size stands in bits 1 to 3 of its flags, then well-known binary.
    """
    database = sqlite3.connect(f"file:{HERE / 'data/zion_points.gpkg'}?mode=ro&immutable=1", uri=True)
    points = []
    for (blob,) in database.execute("select geom from zion_points order by fid"):
        envelope = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}[(blob[3] >> 1) & 7]
        body = blob[8 + envelope:]
        points.append(struct.unpack("<dd" if body[0] else ">dd", body[5:21]))
    return points


def outline(rng, longitude, latitude):
    """A closed, wobbly ring around a point, 4 to 16 km in radius."""
    radius = rng.uniform(4_000, 16_000)
    waves = [(k, rng.uniform(0, 0.28 / k), rng.uniform(0, 2 * math.pi)) for k in range(2, 7)]
    ring = []
    for step in range(72):
        angle = 2 * math.pi * step / 72
        length = radius * (1 + sum(a * math.cos(k * angle + phase) for k, a, phase in waves))
        north = length * math.sin(angle) / 111_000
        east = length * math.cos(angle) / (111_320 * math.cos(math.radians(latitude)))
        ring.append([round(longitude + east, 5), round(latitude + north, 5)])
    return ring + ring[:1]


def main():
    rng = random.Random(SEED)
    points = real_points()
    ranges = HERE / "ranges"
    ranges.mkdir(exist_ok=True)
    rows = ["id,name,elevation_min,elevation_max,habitats"]
    for number in range(1, COUNT + 1):
        identity = f"syn{number:02d}"
        name = f"Synthetic species {number:02d}"
        codes, low, high = GUILDS[(number - 1) % len(GUILDS)]
        middle = rng.randint(low, high)
        half = rng.randint(120, 450)
        habitats = "|".join(str(code) for code in codes)
        rows.append(f"{identity},{name},{(middle - half) // 10 * 10},{(middle + half) // 10 * 10},{habitats}")
        longitude, latitude = points[rng.randrange(len(points))]
        feature = {
            "type": "Feature",
            "properties": {"id": identity, "name": name, "note": "synthetic, drawn from a seed"},
            "geometry": {"type": "Polygon", "coordinates": [outline(rng, longitude, latitude)]},
        }
        text = json.dumps({"type": "FeatureCollection", "features": [feature]}, separators=(",", ":"))
        (ranges / f"{identity}.geojson").write_text(text + "\n", encoding="utf-8")
    (HERE / "species.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
