"""Lay the richness colours over the shaded relief and add title, key and scale bar.

Usage: legend.py COLOURS.tif SHADE.tif RICHNESS.tif RAMP.txt OUTPUT.tif. COLOURS
is red, green, blue and opacity. Letters come from a small bitmap font, so that
the bytes depend on no font of the host.
"""

import sys

import numpy
from osgeo import gdal

gdal.UseExceptions()

# Seven rows of four dots for each letter, a row a hexadecimal digit, top first.
GLYPHS = {
    "0": "6999996", "1": "2622227", "2": "691248F", "3": "E11611E", "4": "26AAF22",
    "5": "F8E111E", "6": "68E9996", "7": "F112244", "8": "6996996", "9": "6997116",
    "N": "9DDBB99", "P": "E99E888", "S": "788611E", "Z": "F12448F", "a": "0061797",
    "b": "88E999E", "c": "0078887", "e": "0069F87", "f": "344E444", "h": "88E9999",
    "i": "2062227", "k": "889ACA9", "l": "6222227", "m": "009FF99", "n": "00E9999",
    "o": "0069996", "p": "00E99E8", "r": "00BC888", "s": "007861E", "t": "44E4443",
    "y": "009971E", "A": "6999F99", ",": "0000024", "-": "000F000", " ": "0000000",
    "u": "0099997", "d": "1179997", "R": "E99EA99",
}


def write(image, text, top, left, size, ink):
    """Draw text with its upper left corner at (top, left); size is pixels a dot."""
    for character in text:
        rows = [[int(digit, 16) >> bit & 1 for bit in (3, 2, 1, 0)] for digit in GLYPHS[character]]
        mask = numpy.kron(numpy.array(rows, dtype=bool), numpy.ones((size, size), dtype=bool))
        image[top:top + 7 * size, left:left + 4 * size][mask] = ink
        left += 5 * size


def ramp(path):
    """The colour table of gdaldem as sorted (value, colour) pairs, without nodata."""
    stops = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            fields = line.split()
            if fields and fields[0].isdigit():
                stops.append((int(fields[0]), [int(field) for field in fields[1:4]]))
    return sorted(stops)


colours_path, shade_path, richness_path, ramp_path, output = sys.argv[1:]
colours = gdal.Open(colours_path).ReadAsArray().astype(numpy.float64)
shade = gdal.Open(shade_path).ReadAsArray().astype(numpy.float64)
richness = gdal.Open(richness_path)
counts = richness.ReadAsArray()
most = int(counts[counts != 255].max())
cell_width = richness.GetGeoTransform()[1]

light = numpy.clip(0.35 + shade / 255 * 0.85, 0, 1.15)
opacity = colours[3] / 255
park = numpy.stack([numpy.clip(band * light, 0, 255) for band in colours[:3]])
# The relief is 0 where the elevation is unknown, and never elsewhere.
relief = numpy.where(shade == 0, 250 - 230, (shade - 180) * 0.25)
around = numpy.stack([numpy.clip(tint + relief, 0, 250) for tint in (232, 230, 225)])
blend = numpy.rint(park * opacity + around * (1 - opacity)).astype(numpy.uint8).transpose(1, 2, 0)

rows, columns = blend.shape[:2]
head, foot, ink = 96, 130, (40, 40, 40)
image = numpy.full((rows + head + foot, columns, 3), 250, dtype=numpy.uint8)
image[head:head + rows] = blend
write(image, "Species richness, Zion National Park", 20, 28, 5, ink)
write(image, "Area of habitat of synthetic species", 68, 28, 2, (110, 110, 110))

stops = ramp(ramp_path)
top, left, length = head + rows + 30, 28, 560
along = numpy.linspace(0, most, length)
for band in range(3):
    image[top:top + 32, left:left + length, band] = numpy.rint(
        numpy.interp(along, [value for value, _ in stops], [colour[band] for _, colour in stops]))
tick = max(1, -(-most // 8))
for value in range(0, most + 1, tick):
    at = left + round(value / most * (length - 1)) if most else left
    image[top + 32:top + 40, at:at + 2] = ink
    write(image, str(value), top + 46, at - 4 * len(str(value)), 2, ink)
write(image, "species in a cell", top + 74, left, 2, (110, 110, 110))

bar = round(5000 / cell_width)
right = columns - 40
image[top + 14:top + 20, right - bar:right] = ink
image[top + 6:top + 28, right - bar:right - bar + 3] = ink
image[top + 6:top + 28, right - 3:right] = ink
write(image, "5 km", top + 46, right - bar // 2 - 24, 3, ink)

raster = gdal.GetDriverByName("GTiff").Create(output, columns, image.shape[0], 3, gdal.GDT_Byte)
for band in range(3):
    raster.GetRasterBand(band + 1).WriteArray(image[:, :, band])
raster = None
