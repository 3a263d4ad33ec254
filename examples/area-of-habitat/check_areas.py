#!/usr/bin/python3
"""Compute areas of habitat by another route and compare them with summary.csv.

    check_areas.py [ID...]

None of the pipeline's maps is used, nor GDAL's warper or rasteriser: the centre
of each raw land-cover cell is tested against the polygons by ray casting, and
elevation is interpolated by hand from the raw samples. The two routes differ in
rounding (the pipeline's elevations are whole metres, GDAL projects to within an
eighth of a cell), so areas count as equal within 0.2 % or 20 cells. Exits with
status 1 when one is not.
"""

import csv
import json
import sys
from pathlib import Path

import numpy
from osgeo import gdal, ogr, osr

gdal.UseExceptions()
HERE = Path(__file__).resolve().parent


def inside(x, y, ring):
    """Which points lie in a closed ring, by the even-odd rule."""
    odd = numpy.zeros(x.shape, dtype=bool)
    for (x1, y1), (x2, y2) in zip(ring, ring[1:]):
        if y1 == y2:
            continue
        crosses = (y1 > y) != (y2 > y)
        odd[crosses] ^= x[crosses] < (x2 - x1) * (y[crosses] - y1) / (y2 - y1) + x1
    return odd


def park_rings():
    """The boundary's rings, in the metres it is stored in: those of the land cover."""
    source = ogr.Open(str(HERE / "data/zion.gpkg"))
    # Its geometry lives as long as the feature, so the feature needs a name.
    feature = source.GetLayer(0).GetNextFeature()
    geometry = json.loads(feature.GetGeometryRef().ExportToJson())
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return [ring for polygon in polygons for ring in polygon]


def interpolate(samples, transform, longitude, latitude):
    """Elevation between the four samples around each point, weighted by distance."""
    column = (longitude - transform[0]) / transform[1] - 0.5
    row = (latitude - transform[3]) / transform[5] - 0.5
    left, top = numpy.floor(column).astype(int), numpy.floor(row).astype(int)
    across, down = column - left, row - top
    corner = [samples[top + i, left + j] for i in (0, 1) for j in (0, 1)]
    return ((corner[0] * (1 - across) + corner[1] * across) * (1 - down)
            + (corner[2] * (1 - across) + corner[3] * across) * down)


def main(identities):
    with open(HERE / "summary.csv", encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    landcover = gdal.Open(str(HERE / "data/nlcd2011.tif"))
    elevation = gdal.Open(str(HERE / "data/srtm.tif"))
    codes = landcover.ReadAsArray()
    samples = elevation.ReadAsArray().astype(numpy.float64)
    west, width, _, north, _, height = landcover.GetGeoTransform()
    cell = abs(width * height) / 1e6
    utm, geographic = osr.SpatialReference(), osr.SpatialReference()
    utm.ImportFromEPSG(26912)
    geographic.ImportFromEPSG(4326)
    for system in (utm, geographic):
        system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    to_metres = osr.CoordinateTransformation(geographic, utm)
    to_degrees = osr.CoordinateTransformation(utm, geographic)
    boundary = park_rings()

    bad = 0
    for identity in identities or rows:
        row = rows[identity]
        outline = json.loads((HERE / f"ranges/{identity}.geojson").read_text(encoding="utf-8"))
        ring = outline["features"][0]["geometry"]["coordinates"][0]
        corners = numpy.array(to_metres.TransformPoints(ring))[:, :2]
        columns = (corners[:, 0] - west) / width
        lines = (corners[:, 1] - north) / height
        box = numpy.mgrid[max(0, int(lines.min()) - 1):min(codes.shape[0], int(lines.max()) + 2),
                          max(0, int(columns.min()) - 1):min(codes.shape[1], int(columns.max()) + 2)]
        line, column = box[0].ravel(), box[1].ravel()
        x, y = west + (column + 0.5) * width, north + (line + 0.5) * height
        points = inside(x, y, corners.tolist())
        for edge in boundary:
            edge = [point[:2] for point in edge]
            points[points] = inside(x[points], y[points], edge)
        in_range = int(points.sum())
        line, column, x, y = line[points], column[points], x[points], y[points]
        suitable = numpy.isin(codes[line, column], [int(code) for code in row["habitats"].split("|")])
        line, x, y = line[suitable], x[suitable], y[suitable]
        degrees = numpy.array(to_degrees.TransformPoints(numpy.column_stack([x, y]))).reshape(-1, 3)
        metres = interpolate(samples, elevation.GetGeoTransform(), degrees[:, 0], degrees[:, 1])
        whole = numpy.floor(metres + 0.5)
        in_habitat = int(((whole >= int(row["elevation_min"])) & (whole <= int(row["elevation_max"]))).sum())
        for what, cells in (("range_km2", in_range), ("aoh_km2", in_habitat)):
            told, found = float(row[what]), cells * cell
            same = abs(told - found) <= max(0.002 * found, 20 * cell)
            bad += not same
            print(f"{identity} {what}: summary {told:.4f}, other route {found:.4f}{'' if same else '  DIFFERS'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
