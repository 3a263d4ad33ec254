"""Any expression over any grids is what a naive reference computes pixel by pixel."""
import random
import unittest

import numpy as np

import varve.raster as vr
from support import DEGREES, METRES, Sheet, missing_with

WHOLE = ["uint8", "int8", "int16", "uint16", "int32", "int64"]
BOTH = {"*": np.multiply, "/": np.divide, "//": np.floor_divide, "%": np.mod, "==": np.equal}
EITHER = {"+": np.add, "-": np.subtract, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
          "min": np.minimum, "max": np.maximum}
APPLIED = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b, "//": lambda a, b: a // b,
    "%": lambda a, b: a % b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "min": vr.minimum, "max": vr.maximum,
}


class Expressions(unittest.TestCase):
    def setUp(self) -> None:
        self.errors = np.seterr(all="ignore")

    def tearDown(self) -> None:
        np.seterr(**self.errors)

    def leaf(self, chance: random.Random):
        left, top = chance.randrange(0, 16), chance.randrange(0, 16)
        right, bottom = left + chance.randrange(1, 24 - left + 1), top + chance.randrange(1, 24 - top + 1)
        numbers = np.random.default_rng(chance.randrange(2**32))
        dtype = chance.choice(WHOLE + ["float64", "masked"])
        low = 0 if dtype.startswith("u") else -6
        values = numbers.integers(low, 7, (bottom - top, right - left)).astype(float)
        whole = np.zeros((24, 24))
        if dtype == "float64":
            values = values / 2
        if dtype == "masked":
            masks = numbers.random(values.shape) < 0.2
            given = np.ma.MaskedArray(values.astype("int16"), masks)
            values[masks] = np.nan
        else:
            given = values.astype(dtype)
        whole[top:bottom, left:right] = values
        return vr.from_array(given, (float(left), -float(top)), DEGREES), Sheet(whole, (left, top, right, bottom))

    def tree(self, chance: random.Random, depth: int):
        if depth == 0 or chance.random() < 0.1:
            return self.leaf(chance)
        kind = chance.random()
        layer, sheet = self.tree(chance, depth - 1)
        if kind < 0.15:
            number = chance.choice([2, 3, -1, 0.5, 7])
            sign = chance.choice(["+", "*", "-", "<", "==", ">=", "min"])
            return APPLIED[sign](layer, number), sheet.with_values(missing_with(sheet.values, sheet.values, {**BOTH, **EITHER}[sign](sheet.values, number).astype(float)))
        if kind < 0.3:
            name = chance.choice(["abs", "neg", "isin", "isnan", "nan_to_num", "where"])
            return self.applied(name, layer, sheet)
        other, others = self.tree(chance, depth - 1)
        if kind < 0.4:
            third, thirds = self.tree(chance, depth - 1)
            taken = np.where(sheet.values != 0, others.values, thirds.values)
            return vr.where(layer, other, third), sheet.with_values(missing_with(sheet.values, sheet.values, taken))
        sign = chance.choice(list(BOTH) + list(EITHER))
        values = {**BOTH, **EITHER}[sign](sheet.values, others.values).astype(float)
        values = missing_with(sheet.values, others.values, values)
        if sign in ("//", "%") and layer.datatype.to_numpy().kind in "iub" and other.datatype.to_numpy().kind in "iub":
            values = np.where(others.values == 0, np.nan, values)
        return APPLIED[sign](layer, other), sheet.joined(others, values, sign in BOTH)

    def applied(self, name: str, layer: vr.Layer, sheet: Sheet):
        x = sheet.values
        if name == "abs":
            return layer.abs(), sheet.with_values(np.abs(x))
        if name == "neg":
            return -layer, sheet.with_values(-x)
        if name == "isin":
            return layer.isin([1, 2, -3]), sheet.with_values(missing_with(x, x, np.isin(x, [1, 2, -3]).astype(float)))
        if name == "isnan":
            return layer.isnan(), sheet.with_values(np.isnan(x).astype(float))
        if name == "nan_to_num":
            finite = np.where(np.isnan(x), 4, x)
            limit = np.finfo(layer.datatype.to_numpy()).max if layer.datatype.to_numpy().kind == "f" else np.inf
            return layer.nan_to_num(4), sheet.with_values(np.clip(finite, -limit, limit))
        return vr.where(layer > 1, layer, float("nan")), sheet.with_values(np.where(x > 1, x, np.nan))

    def hold(self, seed: int) -> None:
        chance = random.Random(seed)
        layer, sheet = self.tree(chance, chance.randrange(1, 5))
        if sheet.is_empty:
            with self.assertRaises(ValueError, msg=f"seed {seed}"):
                _ = layer.area
            return
        left, top, right, bottom = sheet.rectangle
        self.assertEqual(layer.dimensions, (right - left, bottom - top), f"seed {seed}: {layer!r}")
        self.assertEqual((layer.area.left, layer.area.top), (left, -top), f"seed {seed}")
        actual = layer.read_array(0, 0, right - left, bottom - top, parallelism=chance.choice([1, 2, True, False]))
        np.testing.assert_allclose(actual.astype(float), sheet.pixels, rtol=1e-12, equal_nan=True, err_msg=f"seed {seed}: {layer!r}")
        known = sheet.pixels[~np.isnan(sheet.pixels)]
        if np.isfinite(known).all():
            np.testing.assert_allclose(float(layer.sum()), known.sum(), rtol=1e-9, atol=1e-9, err_msg=f"seed {seed}")

    def test_random_expressions_are_what_numpy_computes(self) -> None:
        for seed in range(250):
            self.hold(seed)

    def test_a_window_is_that_part_of_the_whole_and_0_outside(self) -> None:
        chance = random.Random(1)
        for _ in range(40):
            layer, sheet = self.leaf(chance)
            x, y, width, height = chance.randrange(-9, 20), chance.randrange(-9, 20), chance.randrange(1, 20), chance.randrange(1, 20)
            padded = np.pad(sheet.pixels, 60)[60 + y:60 + y + height, 60 + x:60 + x + width]
            np.testing.assert_array_equal(layer.read_array(x, y, width, height).astype(float), padded)

    def test_the_order_of_operands_changes_nothing(self) -> None:
        chance = random.Random(2)
        for _ in range(40):
            (a, _), (b, _) = self.leaf(chance), self.leaf(chance)
            for one, two in ((a + b, b + a), (vr.maximum(a, b), vr.maximum(b, a)), (a != b, b != a)):
                self.assertEqual(one.area, two.area)
                self.assertEqual(one.datatype, two.datatype)
                np.testing.assert_array_equal(np.asarray(one), np.asarray(two))

    def test_real_functions_are_within_an_ulp_of_numpy(self) -> None:
        values = np.linspace(0.1, 20, 60).reshape(6, 10)
        layer = vr.from_array(values, (0, 0), DEGREES)
        for name in ("log", "log2", "log10", "exp", "exp2", "sqrt", "floor", "ceil"):
            actual = getattr(layer, name)().read_array(0, 0, 10, 6)
            np.testing.assert_array_max_ulp(actual, getattr(np, name)(values), 2)
        np.testing.assert_array_equal((layer * 2.5).round().read_array(0, 0, 10, 6), np.round(values * 2.5))

    def test_bits_and_shifts_are_those_of_integers(self) -> None:
        one, two = np.arange(12, dtype="uint16").reshape(3, 4), np.full((3, 4), 6, "uint16")
        a, b = vr.from_array(one, (0, 0), DEGREES), vr.from_array(two, (0, 0), DEGREES)
        for layer, expected in ((a & b, one & two), (a | b, one | two), (a ^ b, one ^ two), (a << 3, one << 3), (a >> 1, one >> 1), (a << b, one.astype(int) << two), (b >> vr.minimum(a, 3), two >> np.minimum(one, 3)), (5 & a, 5 & one)):
            np.testing.assert_array_equal(layer.read_array(0, 0, 4, 3), expected)
        with self.assertRaisesRegex(vr.RasterError, "integers"):
            _ = a & 1.5

    def test_logical_operators_join_truths_and_what_is_missing_only_where_it_decides(self) -> None:
        values = np.ma.MaskedArray([[0, 1, 2]] * 3, [[0, 0, 1]] * 3, "int16")
        a, b = vr.from_array(values, (0, 0), DEGREES), vr.from_array(values.T.copy(), (0, 0), DEGREES)
        nan = np.nan
        np.testing.assert_array_equal(a.logical_and(b).read_array(0, 0, 3, 3), [[0, 0, 0], [0, 1, nan], [0, nan, nan]])
        np.testing.assert_array_equal(vr.logical_or(a, b).read_array(0, 0, 3, 3), [[0, 1, nan], [1, 1, 1], [nan, 1, nan]])
        np.testing.assert_array_equal(vr.logical_xor(a, b).read_array(0, 0, 3, 3), [[0, 1, nan], [1, 0, nan], [nan] * 3])
        np.testing.assert_array_equal(vr.logical_not(a).read_array(0, 0, 3, 1), [[1, 0, nan]])

    def test_sum_any_and_all_join_many_layers(self) -> None:
        chance = random.Random(3)
        arrays = [np.array([[chance.randrange(3) for _ in range(5)] for _ in range(4)], "uint8") for _ in range(30)]
        layers = [vr.from_array(values, (0, 0), DEGREES) for values in arrays]
        np.testing.assert_array_equal(np.asarray(vr.sum(layers)), np.sum(arrays, 0))
        np.testing.assert_array_equal(np.asarray(vr.any(layers)), np.any(arrays, 0))
        np.testing.assert_array_equal(np.asarray(vr.all(layers)), np.all(arrays, 0))
        self.assertEqual(vr.sum([layers[0]]).sum(), arrays[0].sum())
        for function in (vr.sum, vr.any, vr.all):
            self.assertRaises(ValueError, function, [])

    def test_focal_numbers_and_distances_are_those_of_all_pixels_around(self) -> None:
        values = np.random.default_rng(4).integers(0, 6, (17, 23)).astype("float64")
        layer = vr.from_array(values, (0, 0), METRES)
        around = [[values[max(0, r - 2):r + 3, max(0, c - 2):c + 3] for c in range(23)] for r in range(17)]
        for what, of in (("std", np.std), ("var", np.var), ("median", np.median), ("range", np.ptp), ("mean", np.mean),
                         ("majority", lambda a: np.bincount(a.astype(int).ravel()).argmax())):
            np.testing.assert_allclose(np.asarray(layer.focal(what, 2)), [[of(a) for a in row] for row in around], rtol=1e-12, atol=1e-12)
        rows, columns = np.nonzero(values == 5)
        nearest = np.array([[np.hypot(rows - r, columns - c).min() for c in range(23)] for r in range(17)])
        np.testing.assert_allclose(np.asarray((layer == 5).distance()), nearest, rtol=1e-14)
        np.testing.assert_array_equal(np.isnan(np.asarray((layer == 5).distance(2))), nearest > 2)
        self.assertRaises(ValueError, (layer == 5).distance, -1)
        self.assertRaises(vr.RasterError, layer.focal, "mode", 2)

    def test_clip_and_conv2d_are_numpys(self) -> None:
        values = np.arange(20.0).reshape(4, 5)
        layer = vr.from_array(values, (0, 0), DEGREES)
        np.testing.assert_array_equal(np.asarray(layer.clip(3, 9)), values.clip(3, 9))
        np.testing.assert_array_equal(np.asarray(vr.clip(layer, max=9)), values.clip(None, 9))
        weights = np.array([[0, 0.1, 0], [0.1, 0.6, 0.3], [0, 0.1, 0]])
        around = np.pad(values, 1)
        expected = sum(weights[i, j] * around[i:i + 4, j:j + 5] for i in range(3) for j in range(3))
        np.testing.assert_allclose(np.asarray(layer.conv2d(weights)), expected, rtol=1e-14)
        self.assertRaises(ValueError, layer.conv2d, np.ones((2, 2)))
        self.assertRaises(ValueError, layer.conv2d, np.ones((3, 5)))

    def test_nan_to_num_takes_numpys_arguments(self) -> None:
        values = np.array([[1.5, np.nan, np.inf, -np.inf]])
        layer = vr.from_array(values, (0, 0), DEGREES)
        np.testing.assert_array_equal(np.asarray(layer.nan_to_num()), np.nan_to_num(values))
        np.testing.assert_array_equal(np.asarray(vr.nan_to_num(layer, 7, 8, 9)), np.nan_to_num(values, nan=7, posinf=8, neginf=9))


if __name__ == "__main__":
    unittest.main()
