#!/usr/bin/python3
"""Random expressions, computed by varve.raster and by Yirgacheffe, whose checkout $YIRGACHEFFE names: agree.py [COUNT [SEED]]

Layers of real numbers, on one area or on several that overlap, as files. Left out is what differs on purpose (docs/python.md):
on several areas numbers, which in Yirgacheffe make a part of an expression lie everywhere, and what is not 0 outside, which it
does not keep to its area; and division by 0, since comparisons with NaN differ. Pixels must agree to 1e-12, and sums to 1e-9.
Yirgacheffe refuses where any two parts share nothing; those are counted, and not compared.
"""
import os
import random
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from osgeo import gdal

if not hasattr(gdal, "GDT_Int8"):
    # Debian 12's GDAL has no such type yet; Yirgacheffe wants its number when it is imported.
    gdal.GDT_Int8 = 14
sys.path[:0] = [os.environ["YIRGACHEFFE"], str(Path(__file__).resolve().parents[2] / "python")]
import yirgacheffe as yg  # noqa: E402

import varve.raster as vr  # noqa: E402

warnings.simplefilter("ignore")
BINARY = {
    "+": lambda m, a, b: a + b, "-": lambda m, a, b: a - b, "*": lambda m, a, b: a * b, "/": lambda m, a, b: a / m.exp(b.clip(-9.0, 9.0)),
    "==": lambda m, a, b: m.where(a == b, 1.0, 0.0), "!=": lambda m, a, b: m.where(a != b, 1.0, 0.0), "<": lambda m, a, b: m.where(a < b, 1.0, 0.0),
    ">=": lambda m, a, b: m.where(a >= b, 1.0, 0.0), "min": lambda m, a, b: m.minimum(a, b), "max": lambda m, a, b: m.maximum(a, b),
}
UNARY = {
    "neg": lambda m, a: -a, "abs": lambda m, a: a.abs(), "floor": lambda m, a: a.floor(), "ceil": lambda m, a: a.ceil(), "round": lambda m, a: a.round(),
    "isin": lambda m, a: m.where(a.isin([1.0, 2.5, -3.0]), a, 0.0), "clip": lambda m, a: a.clip(-2.0, 3.0), "exp": lambda m, a: m.exp(a.clip(-9.0, 9.0)),
    "log": lambda m, a: m.log(a.abs() + 1.0), "nan_to_num": lambda m, a: a.nan_to_num(),
}


NOT_0_OUTSIDE = {"==", ">=", "/", "exp", "log"}


def tree(chance: random.Random, depth: int, is_one_area: bool):
    """An expression as nested tuples."""
    if depth == 0:
        return ("leaf", chance.randrange(4))
    kind = chance.random()
    if kind < 0.2:
        return ("unary", chance.choice([name for name in UNARY if is_one_area or name not in NOT_0_OUTSIDE]), tree(chance, depth - 1, is_one_area))
    if kind < 0.35 and is_one_area:
        return ("number", chance.choice([name for name in BINARY if name != "/"]), tree(chance, depth - 1, True), chance.choice([2.0, -1.0, -2.0, 0.5]))
    return ("binary", chance.choice([name for name in BINARY if is_one_area or name not in NOT_0_OUTSIDE]), tree(chance, depth - 1, is_one_area), tree(chance, depth - 1, is_one_area))


def made(module, expression, leaves):
    """The expression, as a module makes it."""
    match expression:
        case ("leaf", index):
            return leaves[index]
        case ("unary", name, part):
            return UNARY[name](module, made(module, part, leaves))
        case ("number", name, part, number):
            return BINARY[name](module, made(module, part, leaves), number)
        case (_, name, one, two):
            return BINARY[name](module, made(module, one, leaves), made(module, two, leaves))


def computed(module, expression, files):
    """Area, pixels and sum; None where it has no area."""
    leaves = [module.read_raster(str(file)) for file in files]
    layer = made(module, expression, leaves)
    try:
        area = layer.area
    except ValueError:
        return None
    width, height = layer.dimensions
    pixels = np.array(layer.read_array(0, 0, width, height), float)
    return (area.left, area.top, width, height), pixels, float(layer.sum())


def main() -> int:
    count, seed = (int(given) for given in (sys.argv[1:] + ["300", "1"][len(sys.argv) - 1:])[:2])
    agreed = refused = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(seed, seed + count):
            chance, numbers = random.Random(number), np.random.default_rng(number)
            is_one_area = number % 2 == 0
            files = []
            for index in range(4):
                left, top, width, height = (0, 0, 20, 15) if is_one_area else (chance.randrange(12), chance.randrange(12), chance.randrange(3, 20), chance.randrange(3, 20))
                files.append(Path(folder) / f"{index}.tif")
                values = numbers.integers(-8, 9, (height, width)) / 2
                vr.from_array(values, (500000.0 + 100 * left, 5000000.0 - 100 * top), ("epsg:32633", (100.0, -100.0))).to_geotiff(files[-1], compression="lzw")
            expression = tree(chance, chance.randrange(1, 5), is_one_area)
            ours, theirs = computed(vr, expression, files), computed(yg, expression, files)
            if theirs is None:
                refused += 1
                continue
            if ours is None:
                print(f"{number}: only Yirgacheffe finds an area: {expression}")
                return 1
            try:
                assert ours[0] == theirs[0], f"areas {ours[0]} and {theirs[0]}"
                np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-12, atol=1e-12, equal_nan=True)
                if np.isfinite(theirs[1]).all():
                    np.testing.assert_allclose(ours[2], theirs[2], rtol=1e-9, atol=1e-9)
            except AssertionError as error:
                print(f"{number}: {expression}\n{error}")
                return 1
            agreed += 1
    print(f"{agreed} expressions agree; {refused} were refused by Yirgacheffe")
    return 0


if __name__ == "__main__":
    sys.exit(main())
